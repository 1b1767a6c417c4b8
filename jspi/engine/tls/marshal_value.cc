#include "jspi/engine/tls/marshal_value.h"

#include <limits>

#include "jspi/util/utf8.h"

namespace blockon {
namespace {

constexpr int kMostDepth = 8;
// An int beyond 32 bits is written in digits of so many bits.
constexpr int kDigitBits = 15;

class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}

  bool Read(MarshalValue* value, int depth) {
    char type = 0;
    if (depth > kMostDepth || !ReadByte(&type)) return false;
    switch (type) {
      case 'N':
        return true;
      case 'T':
      case 'F':
        value->kind = MarshalValue::Kind::kInt;
        value->number = type == 'T' ? 1 : 0;
        return true;
      case 'i': {
        int32_t number = 0;
        value->kind = MarshalValue::Kind::kInt;
        if (!ReadInt32(&number)) return false;
        value->number = number;
        return true;
      }
      case 'l':
        value->kind = MarshalValue::Kind::kInt;
        return ReadLong(&value->number);
      case 'u':
        value->kind = MarshalValue::Kind::kText;
        return ReadSized(&value->bytes);
      case 's':
        value->kind = MarshalValue::Kind::kBytes;
        return ReadSized(&value->bytes);
      case '(':
      case '[':
        return ReadSequence(value, depth);
      default:
        return false;
    }
  }

  bool at_end() const { return rest_.empty(); }

 private:
  bool ReadByte(char* byte) {
    if (rest_.empty()) return false;
    *byte = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }

  bool ReadUnsigned(int bytes, uint32_t* number) {
    if (rest_.size() < static_cast<size_t>(bytes)) return false;
    *number = 0;
    for (int i = 0; i < bytes; i++) *number |= static_cast<uint32_t>(static_cast<uint8_t>(rest_[i])) << (8 * i);
    rest_.remove_prefix(bytes);
    return true;
  }

  bool ReadInt32(int32_t* number) {
    uint32_t bits = 0;
    if (!ReadUnsigned(4, &bits)) return false;
    *number = static_cast<int32_t>(bits);
    return true;
  }

  bool ReadSized(std::string_view* bytes) {
    int32_t size = 0;
    if (!ReadInt32(&size) || size < 0 || static_cast<size_t>(size) > rest_.size()) return false;
    *bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  // A count with the sign of the number, then digits, the lowest first. What has no place in 63 bits is refused.
  bool ReadLong(int64_t* number) {
    int32_t count = 0;
    if (!ReadInt32(&count)) return false;
    const int64_t digits = count < 0 ? -static_cast<int64_t>(count) : count;
    if (digits > 4) return false;
    int64_t sum = 0;
    for (int i = 0; i < digits; i++) {
      uint32_t digit = 0;
      if (!ReadUnsigned(2, &digit) || digit >= 1u << kDigitBits) return false;
      sum |= static_cast<int64_t>(digit) << (kDigitBits * i);
    }
    *number = count < 0 ? -sum : sum;
    return true;
  }

  bool ReadSequence(MarshalValue* value, int depth) {
    int32_t size = 0;
    value->kind = MarshalValue::Kind::kSequence;
    if (!ReadInt32(&size) || size < 0 || static_cast<size_t>(size) > rest_.size()) return false;
    for (int32_t i = 0; i < size; i++) {
      if (--members_left_ < 0) return false;
      if (!Read(&value->members.emplace_back(), depth + 1)) return false;
    }
    return true;
  }

  // In all sequences together: a member may take one byte here, and many in memory.
  static constexpr int kMostMembers = 4096;

  std::string_view rest_;
  int members_left_ = kMostMembers;
};

}  // namespace

void MarshalWriter::Head(char type, size_t size) {
  out_.push_back(type);
  for (int i = 0; i < 4; i++) out_.push_back(static_cast<char>(size >> (8 * i)));
}

void MarshalWriter::Sized(char type, std::string_view bytes) {
  Head(type, bytes.size());
  out_.append(bytes);
}

void MarshalWriter::Int(int64_t value) {
  if (value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max()) {
    return Head('i', static_cast<size_t>(static_cast<uint32_t>(value)));
  }
  uint64_t rest = value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  std::string digits;
  for (; rest != 0; rest >>= kDigitBits) {
    digits.push_back(static_cast<char>(rest & 0xff));
    digits.push_back(static_cast<char>((rest >> 8) & 0x7f));
  }
  const auto count = static_cast<int32_t>(digits.size() / 2);
  Head('l', static_cast<size_t>(static_cast<uint32_t>(value < 0 ? -count : count)));
  out_.append(digits);
}

void MarshalWriter::Text(std::string_view text) {
  if (IsValidUtf8(reinterpret_cast<const uint8_t*>(text.data()), text.size())) return Sized('u', text);
  std::string utf8;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x80) {
      utf8.push_back(c);
    } else {
      utf8.push_back(static_cast<char>(0xc0 | (byte >> 6)));
      utf8.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  Sized('u', utf8);
}

bool ReadMarshal(std::string_view bytes, MarshalValue* value) {
  Reader reader(bytes);
  return reader.Read(value, 0) && reader.at_end();
}

}  // namespace blockon
