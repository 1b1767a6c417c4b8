// One step of a connection, as it lies in the guest's memory. Both halves include this.
#ifndef BLOCKON_JSPI_ENGINE_TLS_TLS_STEP_H_
#define BLOCKON_JSPI_ENGINE_TLS_TLS_STEP_H_

#include <stdint.h>

namespace blockon {

enum class TlsOperation : int32_t { kHandshake = 0, kRead = 1, kWrite = 2, kShutdown = 3, kPending = 4, kDrain = 5 };
enum class TlsStatus : int32_t { kDone = 0, kWantsInput = 1, kClientHello = 2, kFailed = 3 };

struct TlsStep {
  // What to do.
  int32_t connection;
  int32_t operation;  // TlsOperation
  uint32_t data;      // where to read to or to write from
  uint32_t data_size;
  uint32_t input;  // what has come from the peer
  uint32_t input_size;
  uint32_t at_end;  // 1: after the input comes no other
  uint32_t output;  // room for what goes to the peer
  uint32_t output_size;
  // What came of it.
  int32_t status;  // TlsStatus
  uint32_t done;   // bytes read or written
  uint32_t input_used;
  uint32_t output_used;
  uint32_t output_kept;  // bytes for the peer that found no room
  uint32_t wanted;       // bytes of input to go on with
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_TLS_TLS_STEP_H_
