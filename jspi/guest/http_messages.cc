#include "http_messages.h"

#include "http_text.h"

namespace blockon {
namespace {

constexpr int kMostDigits = 15;  // of a length: a number that a double has, far beyond every body

bool IsBytes(PyObject* object, Text* text) {
  if (object->ob_type != &PyBytes_Type) return false;
  char* start = nullptr;
  if (PyBytes_AsStringAndSize(object, &start, &text->size) != 0) return false;
  text->start = start;
  return true;
}

// h11 lets more bytes than these through (obs-text), and knows which.
bool IsPlainValue(Text value) {
  for (int32_t i = 0; i < value.size; i++) {
    if (!IsPrinting(value[i]) && !IsSpace(value[i])) return false;
  }
  return value.size == 0 || (!IsSpace(value[0]) && !IsSpace(value[value.size - 1]));
}

bool IsLength(Text value, int64_t* length) {
  if (value.size == 0 || value.size > kMostDigits) return false;
  *length = 0;
  for (int32_t i = 0; i < value.size; i++) {
    if (!IsDigit(value[i])) return false;
    *length = *length * 10 + (value[i] - '0');
  }
  return true;
}

// What the fields of a message say of its body and its connection.
class Framing {
 public:
  // False when it is for h11 to judge.
  bool Add(Text name, Text value) {
    if (IsInAnyCase(name, "content-length")) {
      if (has_length_ || !IsLength(value, &length_)) return false;
      has_length_ = true;
      return true;
    }
    if (IsInAnyCase(name, "connection")) return IsInAnyCase(value, "keep-alive");
    return !IsInAnyCase(name, "transfer-encoding") && !IsInAnyCase(name, "upgrade") && !IsInAnyCase(name, "expect");
  }
  bool has_length() const { return has_length_; }
  int64_t length() const { return length_; }

 private:
  bool has_length_ = false;
  int64_t length_ = 0;
};

PyObject* NewBytes(Text text) { return PyBytes_FromStringAndSize(text.start, text.size); }

PyObject* NewLower(Text text) {
  // Made empty and filled in: bytes of one letter that are made of it are an object that CPython shares.
  PyObject* bytes = PyBytes_FromStringAndSize(nullptr, text.size);
  if (!bytes) return nullptr;
  char* start = PyBytes_AsString(bytes);
  for (int32_t i = 0; i < text.size; i++) start[i] = Lower(text[i]);
  return bytes;
}

// As h11's Headers keep a field: as it was written, in lower case, its value.
bool AppendField(PyObject* list, PyObject* raw, PyObject* lower, PyObject* value) {
  PyRef field(Py_BuildValue("NNN", raw, lower, value));
  return field && PyList_Append(list, field.get()) == 0;
}

// h11 has rules for the values of these two.
bool IsFramingName(Text name) { return IsInAnyCase(name, "content-length") || IsInAnyCase(name, "transfer-encoding"); }

PyObject* NormalizeFields(PyObject*, PyObject* headers) {
  if (headers->ob_type != &PyList_Type) return NewNone();
  PyRef fields(PyList_New(0));
  if (!fields) return nullptr;
  bool has_length = false;
  for (int32_t i = 0; i < PyList_Size(headers); i++) {
    PyObject* pair = PyList_GetItem(headers, i);
    if (pair->ob_type != &PyTuple_Type || PyTuple_Size(pair) != 2) return NewNone();
    PyObject* raw = PyTuple_GetItem(pair, 0);
    PyObject* content = PyTuple_GetItem(pair, 1);
    Text name, value;
    if (!IsBytes(raw, &name) || !IsBytes(content, &value) || !IsToken(name) || !IsPlainValue(value)) return NewNone();
    if (IsFramingName(name)) {
      int64_t length = 0;
      if (has_length || !IsInAnyCase(name, "content-length") || !IsLength(value, &length)) return NewNone();
      has_length = true;
    }
    if (!AppendField(fields.get(), NewReference(raw), NewLower(name), NewReference(content))) return nullptr;
  }
  return fields.Release();
}

// Bytes that are written twice: once to count them, once into place.
class Writer {
 public:
  explicit Writer(char* to) : to_(to) {}
  void Write(Text text) {
    if (to_) memcpy(to_ + size_, text.start, static_cast<size_t>(text.size));
    size_ += text.size;
  }
  void Write(const char* text) {
    int32_t size = 0;
    while (text[size]) size++;
    Write(Text{text, size});
  }
  int32_t size() const { return size_; }

 private:
  char* const to_;
  int32_t size_ = 0;
};

// The item of a list of h11's fields: its name as it was written and its value; false when it is none.
bool FieldAt(PyObject* fields, int32_t index, Text* name, Text* value) {
  PyObject* field = PyList_GetItem(fields, index);
  return field->ob_type == &PyTuple_Type && PyTuple_Size(field) == 3 && IsBytes(PyTuple_GetItem(field, 0), name) &&
         IsBytes(PyTuple_GetItem(field, 2), value);
}

// `host` is the field that goes first.
void WriteRequest(Writer* writer, Text method, Text target, PyObject* fields, int32_t host) {
  const auto write_field = [&](int32_t index) {
    Text name, value;
    FieldAt(fields, index, &name, &value);
    writer->Write(name);
    writer->Write(": ");
    writer->Write(value);
    writer->Write("\r\n");
  };
  writer->Write(method);
  writer->Write(" ");
  writer->Write(target);
  writer->Write(" HTTP/1.1\r\n");
  write_field(host);
  for (int32_t i = 0; i < PyList_Size(fields); i++) {
    if (i != host) write_field(i);
  }
  writer->Write("\r\n");
}

PyObject* WriteRequestHead(PyObject*, PyObject* arguments) {
  PyObject* method = nullptr;
  PyObject* target = nullptr;
  PyObject* fields = nullptr;
  if (!PyArg_ParseTuple(arguments, "OOO:write_request_head", &method, &target, &fields)) return nullptr;
  Text method_text, target_text;
  if (!IsBytes(method, &method_text) || !IsBytes(target, &target_text) || fields->ob_type != &PyList_Type)
    return NewNone();
  if (Is(method_text, "CONNECT")) return NewNone();
  Framing framing;
  int32_t host = -1;
  for (int32_t i = 0; i < PyList_Size(fields); i++) {
    Text name, value;
    if (!FieldAt(fields, i, &name, &value) || !framing.Add(name, value)) return NewNone();
    if (!IsInAnyCase(name, "host")) continue;
    if (host >= 0) return NewNone();
    host = i;
  }
  if (host < 0) return NewNone();
  Writer counter(nullptr);
  WriteRequest(&counter, method_text, target_text, fields, host);
  PyRef head(PyBytes_FromStringAndSize(nullptr, counter.size()));
  if (!head) return nullptr;
  Writer writer(PyBytes_AsString(head.get()));
  WriteRequest(&writer, method_text, target_text, fields, host);
  return Py_BuildValue("NL", head.Release(), framing.length());
}

// "HTTP/1.1 200 OK": false when it is none, or not one of a last answer.
bool ReadStatusLine(Text line, int* status, Text* reason) {
  constexpr int32_t kCode = 9;  // where that is
  if (line.size < kCode + 3 || !Is({line.start, kCode}, "HTTP/1.1 ")) return false;
  *status = 0;
  for (int32_t i = kCode; i < kCode + 3; i++) {
    if (!IsDigit(line[i])) return false;
    *status = *status * 10 + (line[i] - '0');
  }
  *reason = line.From(kCode + 3);
  if (reason->size > 0) {
    if ((*reason)[0] != ' ') return false;
    *reason = reason->From(1);
  }
  for (int32_t i = 0; i < reason->size; i++) {
    if (!IsPrinting((*reason)[i]) && !IsSpace((*reason)[i])) return false;
  }
  return *status >= 200;
}

bool ReadField(Text line, Text* name, Text* value) {
  int32_t colon = 0;
  while (colon < line.size && line[colon] != ':') colon++;
  if (colon == line.size) return false;
  *name = {line.start, colon};
  *value = Trimmed(line.From(colon + 1));
  return IsToken(*name) && IsPlainValue(*value);
}

bool IsWithoutBody(int status, Text method) { return status == 204 || status == 304 || Is(method, "HEAD"); }

PyObject* ReadResponseHead(PyObject*, PyObject* arguments) {
  PyObject* data = nullptr;
  PyObject* method = nullptr;
  if (!PyArg_ParseTuple(arguments, "OO:read_response_head", &data, &method)) return nullptr;
  Text text, method_text;
  if (!IsBytes(data, &text) || !IsBytes(method, &method_text)) return NewBool(false);
  if (text.size > 0 && !IsPrinting(text[0])) return NewBool(false);  // h11 sees that before the head is whole
  int status = 0;
  Text reason = {nullptr, 0};
  Framing framing;
  PyRef fields(PyList_New(0));
  if (!fields) return nullptr;
  int32_t taken = 0;
  for (bool first = true;; first = false) {
    const Line line = TakeLine(text.From(taken));
    if (line.whole == 0) return NewNone();
    taken += line.whole;
    if (first) {
      if (!ReadStatusLine(line.text, &status, &reason)) return NewBool(false);
      continue;
    }
    if (line.text.size == 0) break;
    Text name, value;
    if (!ReadField(line.text, &name, &value) || !framing.Add(name, value)) return NewBool(false);
    if (!AppendField(fields.get(), NewBytes(name), NewLower(name), NewBytes(value))) return nullptr;
  }
  const bool is_empty = IsWithoutBody(status, method_text);
  if (!is_empty && !framing.has_length()) return NewBool(false);
  const int64_t length = is_empty ? 0 : framing.length();
  return Py_BuildValue("iiNNL", taken, status, NewBytes(reason), fields.Release(), length);
}

}  // namespace

PyMethodDef http_messages_methods[] = {
    {"normalize_fields", NormalizeFields, METH_O,
     "normalize_fields(headers, /)\n--\n\nReturn a list of (name, name in lower case, value) for pairs of bytes, as h11 "
     "does; None if they are not\nplain."},
    {"write_request_head", WriteRequestHead, METH_VARARGS,
     "write_request_head(method, target, fields, /)\n--\n\nReturn the bytes of a request's head, Host first, and the "
     "length of its body; None if it is not plain.\nThe fields are those of normalize_fields()."},
    {"read_response_head", ReadResponseHead, METH_VARARGS,
     "read_response_head(data, method, /)\n--\n\nReturn (size of the head, status, reason, fields, length of the body) of "
     "the answer to a request by\n`method`; None if the head is not whole; False if it is not plain, or the length "
     "unknown."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
