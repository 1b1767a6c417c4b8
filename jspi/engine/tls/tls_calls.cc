#include "jspi/engine/tls/tls_calls.h"

#include <cctype>
#include <cstring>

namespace blockon {
namespace {

bool Fits(TlsHost* host, const MarshalValue& value, char type) {
  if (std::isupper(static_cast<unsigned char>(type))) {
    if (value.kind == MarshalValue::Kind::kNone) return true;
    type = static_cast<char>(std::tolower(static_cast<unsigned char>(type)));
  }
  switch (type) {
    case 't':
      // OpenSSL takes most of them as C strings.
      return value.kind == MarshalValue::Kind::kText && value.bytes.find('\0') == std::string_view::npos;
    case 'b':
      return value.kind == MarshalValue::Kind::kBytes;
    default:
      break;
  }
  if (value.kind != MarshalValue::Kind::kInt) return false;
  switch (type) {
    case 'c':
      return host->contexts().Get(value.number) != nullptr;
    case 'x':
      return host->connections().Get(value.number) != nullptr;
    case 's':
      return host->sessions().Get(value.number) != nullptr;
    default:
      return type == 'i';
  }
}

bool Fits(TlsHost* host, const std::vector<MarshalValue>& values, const char* types) {
  if (values.size() != std::strlen(types) + 1) return false;
  for (size_t i = 1; i < values.size(); i++) {
    if (!Fits(host, values[i], types[i - 1])) return false;
  }
  return true;
}

const TlsCallRow* FindRow(std::string_view name) {
  for (const TlsCallTable* table : {&kConnectionCalls, &kContextCalls, &kLibraryCalls}) {
    for (size_t i = 0; i < table->size; i++) {
      if (name == table->rows[i].name) return &table->rows[i];
    }
  }
  return nullptr;
}

std::string Failed(const TlsFailure& failure) {
  MarshalWriter out;
  out.Tuple(2);
  out.Bool(false);
  failure.Write(&out);
  return out.Take();
}

}  // namespace

bool TlsCall::Int(int64_t value) {
  out_.Int(value);
  return true;
}

bool TlsCall::Text(const char* text_or_null) {
  if (!text_or_null) return None();
  out_.Text(text_or_null);
  return true;
}

bool TlsCall::Fail(TlsFailure failure) {
  failure_ = std::move(failure);
  return false;
}

bool TlsCall::FailAtLimit(const char* kind, size_t limit) {
  return Fail(LimitFailure("an interpreter has " + std::to_string(limit) + " " + kind + " at most"));
}

std::string CallTls(TlsHost* host, std::string_view arguments) {
  MarshalValue value;
  if (!ReadMarshal(arguments, &value) || value.members.empty() || value.members[0].kind != MarshalValue::Kind::kText) {
    return Failed(UseFailure("a call is a tuple of a name and arguments"));
  }
  const TlsCallRow* row = FindRow(value.members[0].bytes);
  if (!row) return Failed(UseFailure("there is no call of this name"));
  if (!Fits(host, value.members, row->arguments)) {
    return Failed(UseFailure(std::string(row->name) + ": these arguments do not fit, or what they name is gone"));
  }
  const ErrorQueueScope errors;
  TlsCall call(host, value.members);
  if (!row->call(call)) return Failed(call.failure());
  MarshalWriter head;
  head.Tuple(2);
  head.Bool(true);
  return head.Take() + call.out().out();
}

}  // namespace blockon
