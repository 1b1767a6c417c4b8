// The functions of SQLite in which a fiber may wait, as _sqlite3 calls them and SQLite itself: each holds its connection.
//
// Where a call is refused, one that can fail does so with SQLITE_BUSY, and one that lets go of something is made by who has the
// connection. SQLite's functions that install a callback go on: they store what the call that waits does not look at before it is
// done, as a callback itself may.
#include "sqlite_mutex.h"

namespace blockon {
namespace {

SqliteConnection* ConnectionOf(SqliteBlob* blob) { return blob ? sqlite3_db_handle(blob->statement) : nullptr; }

template <typename Object>
int Release(SqliteConnection* connection, int (*release)(Object*), Object* object) {
  SqliteHold hold(connection);
  if (hold.is_held()) return release(object);
  hold.Defer(reinterpret_cast<int (*)(void*)>(release), object);
  return kSqliteOk;
}

// SQLITE_DESERIALIZE_FREEONCLOSE: the data are SQLite's, also where it fails.
constexpr uint32_t kFreeOnClose = 1;

}  // namespace
}  // namespace blockon

using namespace blockon;

#define BLOCKON_EXPORT __attribute__((visibility("default")))

extern "C" {

BLOCKON_EXPORT int blockon_sqlite_step(SqliteStatement* statement) {
  SqliteHold hold(sqlite3_db_handle(statement));
  return hold.is_held() ? sqlite3_step(statement) : kSqliteBusy;
}

// In place of sqlite3_stmt_busy, by which _sqlite3 asks whether a cursor may have a statement of its cache.
BLOCKON_EXPORT int blockon_sqlite_statement_is_busy(SqliteStatement* statement) {
  if (SqliteWait::IsOfOneThatWaits(statement) || sqlite3_stmt_busy(statement)) return 1;
  SqliteWait::NoteTaken(statement);
  return 0;
}

BLOCKON_EXPORT int blockon_sqlite_reset(SqliteStatement* statement) {
  return Release(sqlite3_db_handle(statement), sqlite3_reset, statement);
}

BLOCKON_EXPORT int blockon_sqlite_finalize(SqliteStatement* statement) {
  return Release(sqlite3_db_handle(statement), sqlite3_finalize, statement);
}

BLOCKON_EXPORT int blockon_sqlite_prepare(SqliteConnection* connection, const char* text, int size,
                                          SqliteStatement** statement, const char** rest) {
  SqliteHold hold(connection);
  if (hold.is_held()) return sqlite3_prepare_v2(connection, text, size, statement, rest);
  *statement = nullptr;
  return kSqliteBusy;
}

BLOCKON_EXPORT int blockon_sqlite_exec(SqliteConnection* connection, const char* text,
                                       int (*callback)(void*, int, char**, char**), void* argument, char** error) {
  SqliteHold hold(connection);
  if (hold.is_held()) return sqlite3_exec(connection, text, callback, argument, error);
  if (error) *error = nullptr;
  return kSqliteBusy;
}

BLOCKON_EXPORT int blockon_sqlite_close(SqliteConnection* connection) {
  SqliteHold hold(connection);
  return hold.is_held() ? sqlite3_close(connection) : kSqliteBusy;
}

BLOCKON_EXPORT int blockon_sqlite_close_v2(SqliteConnection* connection) {
  return Release(connection, sqlite3_close_v2, connection);
}

BLOCKON_EXPORT int blockon_sqlite_blob_open(SqliteConnection* connection, const char* database, const char* table,
                                            const char* column, int64_t row, int flags, SqliteBlob** blob) {
  SqliteHold hold(connection);
  if (hold.is_held()) return sqlite3_blob_open(connection, database, table, column, row, flags, blob);
  *blob = nullptr;
  return kSqliteBusy;
}

BLOCKON_EXPORT int blockon_sqlite_blob_close(SqliteBlob* blob) {
  return Release(ConnectionOf(blob), sqlite3_blob_close, blob);
}

BLOCKON_EXPORT int blockon_sqlite_blob_read(SqliteBlob* blob, void* to, int size, int offset) {
  SqliteHold hold(ConnectionOf(blob));
  return hold.is_held() ? sqlite3_blob_read(blob, to, size, offset) : kSqliteBusy;
}

BLOCKON_EXPORT int blockon_sqlite_blob_write(SqliteBlob* blob, const void* from, int size, int offset) {
  SqliteHold hold(ConnectionOf(blob));
  return hold.is_held() ? sqlite3_blob_write(blob, from, size, offset) : kSqliteBusy;
}

// Of two connections the one that is read comes first, as in SQLite. SQLite copies within one without the other.
BLOCKON_EXPORT SqliteBackup* blockon_sqlite_backup_init(SqliteConnection* to, const char* to_name,
                                                        SqliteConnection* from, const char* from_name) {
  SqliteHold from_hold(from);
  if (!from_hold.is_held()) return nullptr;
  SqliteHold to_hold(to);
  return to_hold.is_held() ? sqlite3_backup_init(to, to_name, from, from_name) : nullptr;
}

BLOCKON_EXPORT int blockon_sqlite_backup_step(SqliteBackup* backup, int pages) {
  SqliteHold from_hold(backup->from);
  if (!from_hold.is_held()) return kSqliteBusy;
  SqliteHold to_hold(backup->to);
  return to_hold.is_held() ? sqlite3_backup_step(backup, pages) : kSqliteBusy;
}

BLOCKON_EXPORT int blockon_sqlite_backup_finish(SqliteBackup* backup) {
  if (!backup) return kSqliteOk;
  SqliteHold from_hold(backup->from);
  if (from_hold.is_held()) return Release(backup->to, sqlite3_backup_finish, backup);
  // Whose end makes it holds the one that is read.
  from_hold.Defer(reinterpret_cast<int (*)(void*)>(blockon_sqlite_backup_finish), backup);
  return kSqliteOk;
}

BLOCKON_EXPORT unsigned char* blockon_sqlite_serialize(SqliteConnection* connection, const char* schema, int64_t* size,
                                                       uint32_t flags) {
  SqliteHold hold(connection);
  return hold.is_held() ? sqlite3_serialize(connection, schema, size, flags) : nullptr;
}

BLOCKON_EXPORT int blockon_sqlite_deserialize(SqliteConnection* connection, const char* schema, unsigned char* data,
                                              int64_t size, int64_t capacity, uint32_t flags) {
  SqliteHold hold(connection);
  if (hold.is_held()) return sqlite3_deserialize(connection, schema, data, size, capacity, flags);
  if (flags & kFreeOnClose) sqlite3_free(data);
  return kSqliteBusy;
}

// SQLite destroys the data of a function that it does not take, and keeps its hands off those of a collation.
BLOCKON_EXPORT int blockon_sqlite_create_function(SqliteConnection* connection, const char* name, int arguments,
                                                  int encoding, void* data, SqliteFunction function,
                                                  SqliteFunction step, SqliteFinal final, SqliteDestructor destructor) {
  SqliteHold hold(connection);
  if (hold.is_held()) {
    return sqlite3_create_function_v2(connection, name, arguments, encoding, data, function, step, final, destructor);
  }
  if (destructor) destructor(data);
  return kSqliteBusy;
}

BLOCKON_EXPORT int blockon_sqlite_create_window_function(SqliteConnection* connection, const char* name, int arguments,
                                                         int encoding, void* data, SqliteFunction step,
                                                         SqliteFinal final, SqliteFinal value, SqliteFunction inverse,
                                                         SqliteDestructor destructor) {
  SqliteHold hold(connection);
  if (hold.is_held()) {
    return sqlite3_create_window_function(connection, name, arguments, encoding, data, step, final, value, inverse,
                                          destructor);
  }
  if (destructor) destructor(data);
  return kSqliteBusy;
}

BLOCKON_EXPORT int blockon_sqlite_create_collation(SqliteConnection* connection, const char* name, int encoding,
                                                   void* data,
                                                   int (*compare)(void*, int, const void*, int, const void*),
                                                   SqliteDestructor destructor) {
  SqliteHold hold(connection);
  return hold.is_held() ? sqlite3_create_collation_v2(connection, name, encoding, data, compare, destructor)
                        : kSqliteBusy;
}

BLOCKON_EXPORT int blockon_sqlite_trace(SqliteConnection* connection, uint32_t mask,
                                        int (*callback)(uint32_t, void*, void*, void*), void* data) {
  SqliteHold hold(connection);
  return sqlite3_trace_v2(connection, mask, callback, data);
}

BLOCKON_EXPORT void blockon_sqlite_progress_handler(SqliteConnection* connection, int instructions,
                                                    int (*callback)(void*), void* data) {
  SqliteHold hold(connection);
  sqlite3_progress_handler(connection, instructions, callback, data);
}

BLOCKON_EXPORT int blockon_sqlite_set_authorizer(SqliteConnection* connection,
                                                 int (*callback)(void*, int, const char*, const char*, const char*,
                                                                 const char*),
                                                 void* data) {
  SqliteHold hold(connection);
  return sqlite3_set_authorizer(connection, callback, data);
}

}  // extern "C"
