// What the guest uses of SQLite 3.39 in the main module: functions of its public API, which it stands in for, and the few words of
// its structures that no function tells. These are of this build (32 bits, SQLITE_THREADSAFE=0) and are looked at nowhere else.
#ifndef BLOCKON_JSPI_GUEST_SQLITE_API_H_
#define BLOCKON_JSPI_GUEST_SQLITE_API_H_

#include <stdint.h>

namespace blockon {

struct SqliteBtree {
  const void* connection;
  void* shared;
  uint8_t transaction;
  uint8_t sharable;  // its pages may be other connections', too: the shared cache
};

struct SqliteDatabase {
  const char* name;
  const SqliteBtree* btree;  // null: not open
  uint8_t safety_level;
  uint8_t is_synchronous;
  void* schema;
};

// struct sqlite3.
struct SqliteConnection {
  void* vfs;
  void* statements;
  void* default_collation;
  void* mutex;
  const SqliteDatabase* databases;
  int database_count;
};

struct SqliteStatement;

// struct sqlite3_blob.
struct SqliteBlob {
  int size;
  int offset;
  uint16_t column;
  void* cursor;
  SqliteStatement* statement;
};

// struct sqlite3_backup.
struct SqliteBackup {
  SqliteConnection* to;
  void* to_btree;
  uint32_t to_schema;
  int to_is_locked;
  uint32_t next_page;
  SqliteConnection* from;
};

constexpr int kSqliteOk = 0;
constexpr int kSqliteBusy = 5;

using SqliteDestructor = void (*)(void*);
// A function, or a step, of SQL.
using SqliteFunction = void (*)(void* context, int count, void** values);
using SqliteFinal = void (*)(void* context);

}  // namespace blockon

extern "C" {

int sqlite3_step(blockon::SqliteStatement* statement);
int sqlite3_stmt_busy(blockon::SqliteStatement* statement);
int sqlite3_reset(blockon::SqliteStatement* statement);
int sqlite3_finalize(blockon::SqliteStatement* statement);
blockon::SqliteConnection* sqlite3_db_handle(blockon::SqliteStatement* statement);
int sqlite3_prepare_v2(blockon::SqliteConnection* connection, const char* text, int size,
                       blockon::SqliteStatement** statement, const char** rest);
int sqlite3_exec(blockon::SqliteConnection* connection, const char* text, int (*callback)(void*, int, char**, char**),
                 void* argument, char** error);
int sqlite3_close(blockon::SqliteConnection* connection);
int sqlite3_close_v2(blockon::SqliteConnection* connection);
int sqlite3_errcode(blockon::SqliteConnection* connection);
void sqlite3_free(void* memory);

int sqlite3_blob_open(blockon::SqliteConnection* connection, const char* database, const char* table,
                      const char* column, int64_t row, int flags, blockon::SqliteBlob** blob);
int sqlite3_blob_close(blockon::SqliteBlob* blob);
int sqlite3_blob_read(blockon::SqliteBlob* blob, void* to, int size, int offset);
int sqlite3_blob_write(blockon::SqliteBlob* blob, const void* from, int size, int offset);

blockon::SqliteBackup* sqlite3_backup_init(blockon::SqliteConnection* to, const char* to_name,
                                           blockon::SqliteConnection* from, const char* from_name);
int sqlite3_backup_step(blockon::SqliteBackup* backup, int pages);
int sqlite3_backup_finish(blockon::SqliteBackup* backup);

unsigned char* sqlite3_serialize(blockon::SqliteConnection* connection, const char* schema, int64_t* size,
                                 uint32_t flags);
int sqlite3_deserialize(blockon::SqliteConnection* connection, const char* schema, unsigned char* data, int64_t size,
                        int64_t capacity, uint32_t flags);

int sqlite3_create_function_v2(blockon::SqliteConnection* connection, const char* name, int arguments, int encoding,
                               void* data, blockon::SqliteFunction function, blockon::SqliteFunction step,
                               blockon::SqliteFinal final, blockon::SqliteDestructor destructor);
int sqlite3_create_window_function(blockon::SqliteConnection* connection, const char* name, int arguments, int encoding,
                                   void* data, blockon::SqliteFunction step, blockon::SqliteFinal final,
                                   blockon::SqliteFinal value, blockon::SqliteFunction inverse,
                                   blockon::SqliteDestructor destructor);
int sqlite3_create_collation_v2(blockon::SqliteConnection* connection, const char* name, int encoding, void* data,
                                int (*compare)(void*, int, const void*, int, const void*),
                                blockon::SqliteDestructor destructor);
int sqlite3_trace_v2(blockon::SqliteConnection* connection, uint32_t mask,
                     int (*callback)(uint32_t, void*, void*, void*), void* data);
void sqlite3_progress_handler(blockon::SqliteConnection* connection, int instructions, int (*callback)(void*),
                              void* data);
int sqlite3_set_authorizer(blockon::SqliteConnection* connection,
                           int (*callback)(void*, int, const char*, const char*, const char*, const char*), void* data);

}  // extern "C"

#endif  // BLOCKON_JSPI_GUEST_SQLITE_API_H_
