// Arguments of a call of TLS, as the guest has marshalled them: any bytes.
//
// What is read lies within the bytes, and is what was there: written and read again it is the same.
#include <memory>
#include <string>

#include "byte_source.h"
#include "jspi/engine/tls/marshal_value.h"

namespace blockon {
namespace {

using Kind = MarshalValue::Kind;

void Write(const MarshalValue& value, std::string_view within, MarshalWriter* out) {
  const bool has_bytes = value.kind == Kind::kText || value.kind == Kind::kBytes;
  if (has_bytes && !value.bytes.empty()) {
    FUZZ_CHECK(value.bytes.data() >= within.data());
    FUZZ_CHECK(value.bytes.data() + value.bytes.size() <= within.data() + within.size());
  }
  FUZZ_CHECK(value.kind == Kind::kSequence || value.members.empty());
  switch (value.kind) {
    case Kind::kNone:
      return out->None();
    case Kind::kInt:
      return out->Int(value.number);
    case Kind::kText:
      return out->Text(value.bytes);
    case Kind::kBytes:
      return out->Bytes(value.bytes);
    case Kind::kSequence:
      out->Tuple(value.members.size());
      for (const MarshalValue& member : value.members) Write(member, within, out);
  }
}

}  // namespace
}  // namespace blockon

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Of its own size: the address sanitizer sees what reads behind it.
  const auto bytes = std::make_unique<char[]>(size);
  for (size_t i = 0; i < size; i++) bytes[i] = static_cast<char>(data[i]);
  const std::string_view given(bytes.get(), size);
  blockon::MarshalValue value;
  if (!blockon::ReadMarshal(given, &value)) return 0;
  blockon::MarshalWriter written;
  blockon::Write(value, given, &written);
  blockon::MarshalValue again;
  FUZZ_CHECK(blockon::ReadMarshal(written.out(), &again));
  blockon::MarshalWriter twice;
  blockon::Write(again, written.out(), &twice);
  FUZZ_CHECK(twice.out() == written.out());
  return 0;
}
