// How often an event loop has turned: the number changes before the loop looks for events, and stays for what it calls until it looks again.
//
// No handle of the loop's is needed for it. Any thread, while the loop lives.
#ifndef BLOCKON_JSPI_ENGINE_LOOP_TURNS_H_
#define BLOCKON_JSPI_ENGINE_LOOP_TURNS_H_

#include <uv.h>

#include <cstdint>

namespace blockon {

inline uint64_t LoopTurns(uv_loop_t* loop) {
  uv_metrics_t metrics;
  return uv_metrics_info(loop, &metrics) == 0 ? metrics.loop_count : 0;
}

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_LOOP_TURNS_H_
