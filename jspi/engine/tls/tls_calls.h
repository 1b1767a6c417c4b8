// What Python asks of TLS by name, all but the steps of connections: contexts, certificates, sessions, numbers.
#ifndef BLOCKON_JSPI_ENGINE_TLS_TLS_CALLS_H_
#define BLOCKON_JSPI_ENGINE_TLS_TLS_CALLS_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jspi/engine/tls/marshal_value.h"
#include "jspi/engine/tls/tls_host.h"

namespace blockon {

// One call: its arguments are of the types that its row in a table of calls says, and its handles are live.
class TlsCall {
 public:
  TlsCall(TlsHost* host, const std::vector<MarshalValue>& values) : host_(host), values_(values) {}

  TlsHost& host() const { return *host_; }
  // The argument after the name is 1.
  int64_t number(int index) const { return values_[index].number; }
  std::string text(int index) const { return std::string(values_[index].bytes); }
  std::string_view bytes(int index) const { return values_[index].bytes; }
  bool is_none(int index) const { return values_[index].kind == MarshalValue::Kind::kNone; }
  std::shared_ptr<TlsContext> context(int index) const { return host_->contexts().Find(number(index)); }
  SSL_CTX* ctx(int index) const { return host_->contexts().Get(number(index))->get(); }
  TlsConnection* connection(int index) const { return host_->connections().Get(number(index)); }
  SSL* ssl(int index) const { return connection(index)->get(); }
  SSL_SESSION* session(int index) const { return host_->sessions().Get(number(index)); }

  // One of these is a call's last word.
  bool None() { return Wrote(&MarshalWriter::None); }
  bool Int(int64_t value);
  bool Text(const char* text_or_null);
  bool Fail(TlsFailure failure);
  // A new object's number in its table, or that there is no room for it.
  template <typename T>
  bool Add(HandleTable<T>* table, std::shared_ptr<T> object, const char* kind) {
    const int32_t number = table->Add(std::move(object));
    return number > 0 ? Int(number) : FailAtLimit(kind, table->limit());
  }
  bool FailFromQueue() { return Fail(FailureFromQueue()); }
  // None where OpenSSL's function has returned 1.
  bool NoneIf(bool succeeded) { return succeeded ? None() : FailFromQueue(); }
  // For what has been written to out(): fails where it is not whole.
  bool Written(bool whole) { return whole || FailFromQueue(); }

  MarshalWriter& out() { return out_; }
  const TlsFailure& failure() const { return failure_; }

 private:
  bool FailAtLimit(const char* kind, size_t limit);
  bool Wrote(void (MarshalWriter::*write)()) {
    (out_.*write)();
    return true;
  }

  TlsHost* const host_;
  const std::vector<MarshalValue>& values_;
  MarshalWriter out_;
  TlsFailure failure_;
};

struct TlsCallRow {
  const char* name;
  // A letter an argument: i int, t str, b bytes, c context, x connection, s session; the upper case of it: or None.
  const char* arguments;
  // False when the call failed.
  bool (*call)(TlsCall& call);
};

struct TlsCallTable {
  const TlsCallRow* rows;
  size_t size;
};

extern const TlsCallTable kContextCalls;     // context_calls.cc
extern const TlsCallTable kConnectionCalls;  // connection_calls.cc
extern const TlsCallTable kLibraryCalls;     // library_calls.cc

// `arguments`: a tuple of a name and values, marshalled. The result is (True, value) or (False, failure).
std::string CallTls(TlsHost* host, std::string_view arguments);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_TLS_TLS_CALLS_H_
