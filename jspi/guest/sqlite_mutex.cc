#include "sqlite_mutex.h"

#include "cannot_wait.h"
#include "owner.h"
#include "parking_lot.h"
#include "python_api.h"
#include "random_switches.h"
#include "run_sync.h"
#include "wait.h"

namespace blockon {

// What another call is to let go of.
struct SqliteHold::Deferred {
  int (*release)(void*);
  void* object;
  Deferred* next;
};

namespace {

// A prime, against patterns in addresses.
constexpr uint32_t kBuckets = 61;
SqliteHold* buckets[kBuckets];

// The key of connections that share a cache.
constexpr char shared_cache = 0;

// More databases than a connection can have: it is laid out otherwise.
constexpr int kMostDatabases = 64;

// Who had the connection when a call was refused; 0 when none was, or its error was raised.
uint32_t refused_by = 0;

// The statement that was taken of the cache last, and by which call.
const SqliteStatement* taken = nullptr;
uint32_t taken_by = 0;

SqliteWait* waits = nullptr;

SqliteHold** BucketOf(const void* key) { return &buckets[reinterpret_cast<uint32_t>(key) % kBuckets]; }

// What its caller is held by: itself, or all that share a cache. In doubt the latter.
const void* KeyOf(const SqliteConnection* connection) {
  if (!connection) return nullptr;
  if (connection->database_count > kMostDatabases) return &shared_cache;
  for (int i = 0; i < connection->database_count; i++) {
    const SqliteBtree* btree = connection->databases[i].btree;
    if (btree && (btree->sharable || btree->connection != connection)) return &shared_cache;
  }
  return connection;
}

}  // namespace

struct SqliteHolds {
  static void Insert(SqliteHold* hold) {
    SqliteHold** bucket = BucketOf(hold->key_);
    hold->next_ = *bucket;
    *bucket = hold;
  }

  static void Remove(SqliteHold* hold) {
    SqliteHold** place = BucketOf(hold->key_);
    while (*place != hold) place = &(*place)->next_;
    *place = hold->next_;
  }

  static SqliteHold* Find(const void* key) {
    SqliteHold* hold = *BucketOf(key);
    while (hold && hold->key_ != key) hold = hold->next_;
    return hold;
  }

  // False while others have the connection.
  static bool Enter(SqliteHold* hold) {
    const SqliteHold* other = Find(hold->key_);
    if (other && other->owner_ != hold->owner_) return false;
    Insert(hold);
    return true;
  }

  // Wakes a waiter, if there is one, and gives it the connection if it was too late before.
  static void HandOver(void*, void* waiters_hold, int) {
    auto* hold = static_cast<SqliteHold*>(waiters_hold);
    if (!hold || !hold->was_late_) return;
    Insert(hold);
    hold->was_given_ = true;
  }

  // False where it cannot be waited for.
  static bool WaitAndEnter(SqliteHold* hold) {
    AttachedThreadState attached;
    if (!CanSuspend()) return false;
    SqliteWait wait;
    do {
      const ParkResult result =
          Park(Fiber::Current(), hold->key_, hold, kNever, Interrupts::kKeep, "a connection of sqlite3");
      if (result != ParkResult::kUnparked) return false;
      if (hold->was_given_ || Enter(hold)) return true;
      hold->was_late_ = true;
    } while (true);
  }
};

SqliteHold::SqliteHold(const SqliteConnection* connection) : key_(KeyOf(connection)), owner_(key_ ? CurrentCall() : 0) {
  if (!key_) return;
  PassSwitchPoint();
  if (!SqliteHolds::Enter(this)) {
    const uint32_t other = SqliteHolds::Find(key_)->owner_;
    if (!SqliteHolds::WaitAndEnter(this)) {
      refused_ = true;
      refused_by = other;
      return;
    }
  }
  refused_by = 0;
}

SqliteHold::~SqliteHold() {
  if (!key_ || refused_) return;
  SqliteHolds::Remove(this);
  SqliteHold* outer = SqliteHolds::Find(key_);
  if (outer) {
    AppendDeferred(&outer->deferred_, deferred_);
    return;
  }
  if (deferred_) {
    SqliteHolds::Insert(this);
    RunDeferred();
    SqliteHolds::Remove(this);
  }
  if (ParkedFibers() > 0) Unpark(key_, SqliteHolds::HandOver, nullptr);
}

void SqliteHold::Defer(int (*release)(void*), void* object) {
  auto* deferred = static_cast<Deferred*>(PyMem_RawMalloc(sizeof(Deferred)));
  // Without memory for a note the object stays until its connection ends.
  if (!deferred) return;
  *deferred = {release, object, nullptr};
  AppendDeferred(&SqliteHolds::Find(key_)->deferred_, deferred);
}

void SqliteHold::AppendDeferred(Deferred** list, Deferred* deferred) {
  while (*list) list = &(*list)->next;
  *list = deferred;
}

// In their order. Each may call Python code, which may add to them.
void SqliteHold::RunDeferred() {
  while (Deferred* deferred = deferred_) {
    deferred_ = deferred->next;
    deferred->release(deferred->object);
    PyMem_RawFree(deferred);
  }
}

SqliteWait::SqliteWait() : statement_(taken_by == CurrentCall() ? taken : nullptr), next_(waits) { waits = this; }

SqliteWait::~SqliteWait() {
  SqliteWait** place = &waits;
  while (*place != this) place = &(*place)->next_;
  *place = next_;
  NoteTaken(statement_);
}

void SqliteWait::NoteTaken(const SqliteStatement* statement) {
  taken = statement;
  taken_by = CurrentCall();
}

bool SqliteWait::IsOfOneThatWaits(const SqliteStatement* statement) {
  const SqliteWait* wait = waits;
  while (wait && wait->statement_ != statement) wait = wait->next_;
  return wait != nullptr;
}

}  // namespace blockon

using namespace blockon;

extern "C" {

// In place of sqlite3_errcode and PyErr_SetObject where _sqlite3 makes an exception of what SQLite failed with: SQLite knows nothing of a
// call that it did not get, and what the fiber is to raise since its wait was ended goes before what SQLite says of that.
__attribute__((visibility("default"))) int blockon_sqlite_error(SqliteConnection* connection) {
  return refused_by != 0 ? kSqliteBusy : sqlite3_errcode(connection);
}

__attribute__((visibility("default"))) void blockon_sqlite_raise(PyObject* type, PyObject* value) {
  if (refused_by != 0) {
    RaiseCannotWaitFor(refused_by, "the connection of sqlite3 is in use");
    refused_by = 0;
    return;
  }
  Fiber* fiber = Fiber::Current();
  if (!fiber || !RaiseCancelled(fiber)) PyErr_SetObject(type, value);
}

}  // extern "C"
