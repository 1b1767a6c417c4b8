#include "http_fields.h"

#include "http_text.h"

namespace blockon {
namespace {

bool EqualInAnyCase(Text one, Text other) {
  if (one.size != other.size) return false;
  for (int32_t i = 0; i < one.size; i++) {
    if (Lower(one[i]) != Lower(other[i])) return false;
  }
  return true;
}

// RFC 5322's ftext, which the email package goes by.
bool IsNameCharacter(char c) { return IsPrinting(c) && c != ':'; }

// The email package looks into a body of such a type, and finds defects where there is no body.
bool MayHaveParts(Text value) {
  if (value.size == 0) return false;
  const char first = Lower(value[0]);
  return first == 'm' || first <= ' ' ||
         first >= '\x7f';  // "multipart/", "message/", or space that only str.strip() knows
}

// Into its name and value; false when it is not plain.
bool Split(Text line, Text* name, Text* value) {
  int32_t colon = 0;
  while (colon < line.size && IsNameCharacter(line[colon])) colon++;
  if (colon == 0 || colon == line.size || line[colon] != ':') return false;
  int32_t from = colon + 1;
  while (from < line.size && IsSpace(line[from])) from++;
  for (int32_t i = from; i < line.size; i++) {
    if (line[i] == '\r') return false;  // it ends a line, for the email package
  }
  *name = {line.start, colon};
  *value = line.From(from);
  return true;
}

PyObject* NewText(Text text) { return PyUnicode_DecodeLatin1(text.start, text.size, nullptr); }

PyObject* ParseFields(PyObject*, PyObject* arguments) {
  PyObject* data = nullptr;
  int most_line = 0;
  int most_fields = 0;
  char* start = nullptr;
  int32_t size = 0;
  if (!PyArg_ParseTuple(arguments, "Oii:parse_fields", &data, &most_line, &most_fields) ||
      PyBytes_AsStringAndSize(data, &start, &size) != 0) {
    return nullptr;
  }
  PyRef fields(PyList_New(0));
  if (!fields) return nullptr;
  int32_t taken = 0;
  for (int count = 1; count <= most_fields; count++) {
    const Line line = TakeLine({start + taken, size - taken});
    if (line.whole == 0 || line.whole > most_line) return NewNone();
    taken += line.whole;
    if (line.text.size == 0) return Py_BuildValue("iN", taken, fields.Release());
    Text name, value;
    if (!Split(line.text, &name, &value)) return NewNone();
    if (IsInAnyCase(name, "content-type") && MayHaveParts(value)) return NewNone();
    PyRef pair(Py_BuildValue("NN", NewText(name), NewText(value)));
    if (!pair || PyList_Append(fields.get(), pair.get()) != 0) return nullptr;
  }
  return NewNone();
}

// False where it is no str, or one that is not ASCII.
bool IsAscii(PyObject* object, Text* text) {
  if (object->ob_type != &PyUnicode_Type) return false;
  text->start = PyUnicode_AsUTF8AndSize(object, &text->size);
  if (text->start == nullptr) PyErr_Clear();  // a lone surrogate
  return text->start != nullptr && text->size == PyUnicode_GetLength(object);
}

// The item of a list of pairs, both ASCII: its value, borrowed.
PyObject* PlainPair(PyObject* list, int32_t index, Text* name) {
  PyObject* pair = PyList_GetItem(list, index);
  if (pair->ob_type != &PyTuple_Type || PyTuple_Size(pair) != 2) return nullptr;
  PyObject* value = PyTuple_GetItem(pair, 1);
  Text text;
  return IsAscii(PyTuple_GetItem(pair, 0), name) && IsAscii(value, &text) ? value : nullptr;
}

PyObject* NotImplemented() { return NewReference(&_Py_NotImplementedStruct); }

PyObject* FindField(PyObject*, PyObject* arguments) {
  PyObject* fields = nullptr;
  PyObject* name = nullptr;
  if (!PyArg_ParseTuple(arguments, "OO:find_field", &fields, &name)) return nullptr;
  Text wanted;
  if (fields->ob_type != &PyList_Type || !IsAscii(name, &wanted)) return NotImplemented();
  const int32_t count = PyList_Size(fields);
  for (int32_t i = 0; i < count; i++) {
    Text found;
    PyObject* value = PlainPair(fields, i, &found);
    if (!value) return NotImplemented();
    if (EqualInAnyCase(found, wanted)) return NewReference(value);
  }
  return NewNone();
}

// A name or a value that is ASCII without ends of lines, as text or bytes.
bool IsPlainText(PyObject* object, Text* text) {
  if (object->ob_type == &PyBytes_Type) {
    char* start = nullptr;
    PyBytes_AsStringAndSize(object, &start, &text->size);
    text->start = start;
  } else if (!IsAscii(object, text)) {
    return false;
  }
  for (int32_t i = 0; i < text->size; i++) {
    if ((*text)[i] == '\r' || (*text)[i] == '\n') return false;
  }
  return true;
}

PyObject* WriteField(PyObject*, PyObject* arguments) {
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  if (!PyArg_ParseTuple(arguments, "OO:write_field", &name, &value)) return nullptr;
  Text name_text, value_text;
  if (!IsPlainText(name, &name_text) || name_text.size == 0 || !IsPlainText(value, &value_text)) return NewNone();
  for (int32_t i = 0; i < name_text.size; i++) {
    if (!IsNameCharacter(name_text[i])) return NewNone();
  }
  PyObject* line = PyBytes_FromStringAndSize(nullptr, name_text.size + 2 + value_text.size);
  if (!line) return nullptr;
  char* to = PyBytes_AsString(line);
  memcpy(to, name_text.start, static_cast<size_t>(name_text.size));
  to[name_text.size] = ':';
  to[name_text.size + 1] = ' ';
  memcpy(to + name_text.size + 2, value_text.start, static_cast<size_t>(value_text.size));
  return line;
}

PyObject* AreFieldsPlain(PyObject*, PyObject* fields) {
  if (fields->ob_type != &PyList_Type) return NewBool(false);
  const int32_t count = PyList_Size(fields);
  for (int32_t i = 0; i < count; i++) {
    Text name;
    if (!PlainPair(fields, i, &name)) return NewBool(false);
  }
  return NewBool(true);
}

}  // namespace

PyMethodDef http_fields_methods[] = {
    {"parse_fields", ParseFields, METH_VARARGS,
     "parse_fields(data, most_line, most_fields, /)\n--\n\nReturn how many bytes the fields at the start of `data` take "
     "with the empty\nline after them, and a list of their names and values; None if they are not plain, not whole, or "
     "over a limit:\nof bytes a line, or of lines."},
    {"find_field", FindField, METH_VARARGS,
     "find_field(fields, name, /)\n--\n\nReturn the value of the first field of that name, in any case; None if there is "
     "none;\nNotImplemented if what comes before it is not ASCII."},
    {"write_field", WriteField, METH_VARARGS,
     "write_field(name, value, /)\n--\n\nReturn the bytes of a field without the end of its line; None if name and "
     "value are not plain text\nor bytes."},
    {"are_fields_plain", AreFieldsPlain, METH_O,
     "are_fields_plain(fields, /)\n--\n\nReturn whether this is a list of pairs of ASCII."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
