// Pieces of HTTP heads: text in memory of somebody else, and the characters that RFC 9110 knows.
//
// Called on: any stack.
#ifndef BLOCKON_JSPI_GUEST_HTTP_TEXT_H_
#define BLOCKON_JSPI_GUEST_HTTP_TEXT_H_

#include <stdint.h>

namespace blockon {

struct Text {
  const char* start;
  int32_t size;

  char operator[](int32_t i) const { return start[i]; }
  Text From(int32_t i) const { return {start + i, size - i}; }
};

inline bool Is(Text text, const char* other) {
  int32_t i = 0;
  while (i < text.size && other[i] != '\0' && text[i] == other[i]) i++;
  return i == text.size && other[i] == '\0';
}

inline char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// `lower` is in lower case, and ends in a zero.
inline bool IsInAnyCase(Text text, const char* lower) {
  int32_t i = 0;
  while (i < text.size && lower[i] != '\0' && Lower(text[i]) == lower[i]) i++;
  return i == text.size && lower[i] == '\0';
}

inline bool IsDigit(char c) { return c >= '0' && c <= '9'; }
inline bool IsSpace(char c) { return c == ' ' || c == '\t'; }
inline bool IsPrinting(char c) { return c > ' ' && c < '\x7f'; }

// A character of a method and of a field's name (tchar).
inline bool IsTokenCharacter(char c) {
  if (IsDigit(c) || (Lower(c) >= 'a' && Lower(c) <= 'z')) return true;
  for (const char* other = "!#$%&'*+-.^_`|~"; *other; other++) {
    if (c == *other) return true;
  }
  return false;
}

inline bool IsToken(Text text) {
  for (int32_t i = 0; i < text.size; i++) {
    if (!IsTokenCharacter(text[i])) return false;
  }
  return text.size > 0;
}

inline Text Trimmed(Text text) {
  while (text.size > 0 && IsSpace(text[0])) text = text.From(1);
  while (text.size > 0 && IsSpace(text[text.size - 1])) text.size--;
  return text;
}

// The next line of a head.
struct Line {
  Text text;      // without its end, which is LF or CR LF
  int32_t whole;  // its bytes with that; 0 when the end is not there
};

inline Line TakeLine(Text text) {
  int32_t end = 0;
  while (end < text.size && text[end] != '\n') end++;
  if (end == text.size) return {{text.start, 0}, 0};
  return {{text.start, end > 0 && text[end - 1] == '\r' ? end - 1 : end}, end + 1};
}

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_HTTP_TEXT_H_
