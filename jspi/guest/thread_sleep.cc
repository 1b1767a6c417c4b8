// Where C code sleeps: libc's sleep(), usleep() and nanosleep(), under which the thread would be kept busy until the time is up, and
// SQLite's wait for another connection's transaction.
//
// A fiber is suspended instead, where C code has let go of Python's lock as it does for others to go on. One that keeps it counts on
// being alone.
#include "parking_lot.h"
#include "run_sync.h"
#include "sqlite_mutex.h"
#include "wait.h"

extern "C" {
void emscripten_thread_sleep(double milliseconds);
}

namespace blockon {
namespace {

// False where nothing can be suspended. A cancellation ends it, and is kept for the next place where it can be raised; sleeps until
// then are over at once.
bool Suspend(Nanoseconds duration, const char* waits_for) {
  if (!Fiber::Current() || PyThreadState_GetUnchecked()) return false;
  AttachedThreadState attached;
  if (!CanSuspend()) return false;
  KeptException kept;
  Fiber* fiber = Fiber::Current();
  const Nanoseconds deadline = DeadlineAfter(duration);
  do {
    Wait(fiber, NoPromise(), waits_for, deadline);
    if (fiber->woken_by() == Wake::kCancelled) {
      fiber->Cancel(PyErr_GetRaisedException());
      return true;
    }
    if (fiber->woken_by() == Wake::kNone && fiber->thrown()) return false;
  } while (Now() < deadline);
  return true;
}

constexpr Nanoseconds kMicrosecond = 1000;

// Where nothing can be suspended nobody can end the transaction meanwhile, so its end is not waited for.
int SleepInSqlite(Nanoseconds duration) {
  SqliteWait wait;
  Suspend(duration, "another connection's transaction (sqlite3)");
  return 0;
}

}  // namespace
}  // namespace blockon

using namespace blockon;

extern "C" {

// In place of emscripten_thread_sleep, by which libc sleeps.
__attribute__((visibility("default"))) void blockon_thread_sleep(double milliseconds) {
  if (milliseconds > 0 && Suspend(static_cast<Nanoseconds>(milliseconds * 1e6), "a sleep of C code")) return;
  emscripten_thread_sleep(milliseconds);
}

// In place of usleep and sleep in SQLite's own sleep, by which its busy handler and sqlite3_sleep() wait.
__attribute__((visibility("default"))) int blockon_sqlite_usleep(uint32_t microseconds) {
  return SleepInSqlite(microseconds * kMicrosecond);
}
__attribute__((visibility("default"))) int blockon_sqlite_sleep(uint32_t seconds) {
  return SleepInSqlite(Nanoseconds{1'000'000} * seconds * kMicrosecond);
}

}  // extern "C"
