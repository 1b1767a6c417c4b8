// The values that cross between Python and the engine, in the format of Python's module marshal (version 2).
//
// Of that format: None, bool, int of 64 bits, str, bytes, tuple, list, and on the way out dict. What is read comes
// from the guest and may be anything: each length is checked against what is there.
#ifndef BLOCKON_JSPI_ENGINE_TLS_MARSHAL_VALUE_H_
#define BLOCKON_JSPI_ENGINE_TLS_MARSHAL_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace blockon {

class MarshalWriter {
 public:
  void None() { out_.push_back('N'); }
  void Bool(bool value) { out_.push_back(value ? 'T' : 'F'); }
  void Int(int64_t value);
  // Bytes that are no UTF-8 are taken for Latin-1.
  void Text(std::string_view text);
  void Bytes(std::string_view bytes) { Sized('s', bytes); }
  // As many values have to follow.
  void Tuple(size_t size) { Head('(', size); }
  void List(size_t size) { Head('[', size); }
  // Pairs follow, a key and a value each, and then EndDict().
  void Dict() { out_.push_back('{'); }
  void EndDict() { out_.push_back('0'); }

  void TextItem(std::string_view key, std::string_view value) {
    Text(key);
    Text(value);
  }
  void IntItem(std::string_view key, int64_t value) {
    Text(key);
    Int(value);
  }

  const std::string& out() const { return out_; }
  std::string Take() { return std::exchange(out_, {}); }

 private:
  void Head(char type, size_t size);
  void Sized(char type, std::string_view bytes);

  std::string out_;
};

struct MarshalValue {
  enum class Kind { kNone, kInt, kText, kBytes, kSequence };
  Kind kind = Kind::kNone;
  int64_t number = 0;                 // kInt; a bool is 0 or 1
  std::string_view bytes;             // kText (UTF-8) and kBytes: of what was read from
  std::vector<MarshalValue> members;  // kSequence
};

// False for what is not one whole value. `value` refers to `bytes`.
bool ReadMarshal(std::string_view bytes, MarshalValue* value);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_TLS_MARSHAL_VALUE_H_
