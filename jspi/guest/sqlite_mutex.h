// The mutexes of SQLite's connections, which this build of SQLite has none of (SQLITE_THREADSAFE=0).
//
// A fiber may wait in the midst of SQLite: for another connection's transaction (thread_sleep.cc), or in a function, a collation, a
// trace of the program's own that SQLite calls. Another fiber that came to the same connection then would find it half changed. So the
// functions of SQLite in which one can wait are the guest's (sqlite_calls.cc), and hold the connection as SQLite does where it is built
// for threads: a call within a call of the same task or thread may enter, all others wait. What cannot wait does not hold it, since
// nothing runs meanwhile: a function may read columns or set parameters while another one is in the midst of a call, as functions of
// SQL may in any build.
//
//   connection -> bucket: Hold <-> Hold ...      each on the C stack of the call that it stands for
//
// Connections that share a cache are one here.
//
// Invariants:
//  1. A Hold is in its bucket from the start of a call to its end, and all of a connection's are of one owner.
//  2. The last of its owner's calls wakes who has waited longest. One that comes too late, since somebody else went in before it ran, is
//     given the connection the next time: its Hold is in the bucket before its fiber runs.
//
// Called on any stack, with or without a thread state attached.
#ifndef BLOCKON_JSPI_GUEST_SQLITE_MUTEX_H_
#define BLOCKON_JSPI_GUEST_SQLITE_MUTEX_H_

#include "sqlite_api.h"

namespace blockon {

// Holds a connection for a scope; null is none, and held at once.
class SqliteHold {
 public:
  explicit SqliteHold(const SqliteConnection* connection);
  SqliteHold(const SqliteHold&) = delete;
  SqliteHold& operator=(const SqliteHold&) = delete;
  ~SqliteHold();

  // False where nothing can be suspended and another call has the connection. SQLite is not to be called then; who asks for the error
  // gets it (blockon_sqlite_raise).
  bool is_held() const { return !refused_; }

  // For what is refused and cannot fail: has `release` called on `object` by the call that has the connection, at its end.
  void Defer(int (*release)(void*), void* object);

 private:
  friend struct SqliteHolds;

  struct Deferred;

  static void AppendDeferred(Deferred** list, Deferred* deferred);
  void RunDeferred();

  const void* const key_;
  const uint32_t owner_;
  bool refused_ = false;
  bool was_late_ = false;
  bool was_given_ = false;
  SqliteHold* next_ = nullptr;
  Deferred* deferred_ = nullptr;
};

// For as long as a call waits in SQLite: the statement that it took last of _sqlite3's cache is not given to others. It is not in use, as
// SQLite knows it, before its first step, and has its parameters by then, or will have.
class SqliteWait {
 public:
  SqliteWait();
  SqliteWait(const SqliteWait&) = delete;
  SqliteWait& operator=(const SqliteWait&) = delete;
  ~SqliteWait();

  static void NoteTaken(const SqliteStatement* statement);
  static bool IsOfOneThatWaits(const SqliteStatement* statement);

 private:
  const SqliteStatement* const statement_;
  SqliteWait* next_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_SQLITE_MUTEX_H_
