#include "limits.h"

#include "engine_api.h"
#include "interruption.h"
#include "jspi/util/limit_words.h"
#include "random_switches.h"

extern "C" {
extern uint32_t _Py_emscripten_signal_clock;
extern uint32_t _Py_emscripten_signal_in_memory;
}

namespace blockon {
namespace {

LimitWords words{};
// The size of the memory, in pages, when the host was told of the words: one that grew may lie elsewhere.
uint32_t watched_pages = 0;
bool is_asked = false;
// A reference; null before watch_requests().
PyObject* asked_function = nullptr;

void TellHost() {
  watched_pages = __builtin_wasm_memory_size(0);
  blockon_watch_limits(&words);
}

PyObject* WatchRequests(PyObject*, PyObject* function) {
  Py_IncRef(function);
  PyRef before(asked_function);
  asked_function = function;
  words.countdown = reinterpret_cast<uint32_t>(&_Py_emscripten_signal_clock);
  words.signal = reinterpret_cast<uint32_t>(&_Py_emscripten_signal_in_memory);
  // Its questions come by the clock, and would have a seed draw other switches than before.
  if (SwitchesAtRandom()) return NewNone();
  PollDeadlines();
  TellHost();
  return NewNone();
}

}  // namespace

void NoteLimitsAreAsked() { is_asked = asked_function != nullptr; }

bool AnswerLimits() {
  if (!is_asked) return true;
  is_asked = false;
  const uint32_t question = words.asked;
  PyRef over(PyLong_FromUnsignedLongLong(words.over));
  PyRef answer(over ? PyObject_CallOneArg(asked_function, over.get()) : nullptr);
  words.request = answer ? static_cast<uint32_t>(PyLong_AsUnsignedLongLong(answer.get())) : words.over;
  words.answered = question;
  if (__builtin_wasm_memory_size(0) != watched_pages) TellHost();
  return answer && !PyErr_Occurred();
}

PyMethodDef limits_methods[] = {
    {"watch_requests", WatchRequests, METH_O,
     "watch_requests(asked)\n--\n\nHave the host's watchdog ask by asked(over) which request the code that runs is for: its\n"
     "number, 0 for none. It is called between two instructions of that code, and may raise there: `over` is the number of\n"
     "the request that is to end, or 0."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
