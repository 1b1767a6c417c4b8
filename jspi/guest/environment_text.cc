#include "environment_text.h"

namespace blockon {
namespace {

PyObject* Encode(PyObject*, PyObject* text) {
  // tp_flags is not laid out here: a class of its own derived from str goes by the type object.
  if (text->ob_type == &PyUnicode_Type || PyObject_IsInstance(text, &PyUnicode_Type.ob_base) > 0) {
    return PyUnicode_EncodeFSDefault(text);
  }
  if (PyErr_Occurred()) return nullptr;
  return PyErr_Format(PyExc_TypeError, "str expected, not %s", text->ob_type->tp_name);
}

PyObject* Decode(PyObject*, PyObject* bytes) {
  char* start = nullptr;
  int32_t size = 0;
  if (PyBytes_AsStringAndSize(bytes, &start, &size) != 0) return nullptr;
  return PyUnicode_DecodeFSDefaultAndSize(start, size);
}

}  // namespace

PyMethodDef environment_text_methods[] = {
    {"encode_environment", Encode, METH_O,
     "encode_environment(text, /)\n--\n\nReturn the bytes of a variable's name or value. Raises TypeError for what is no "
     "str."},
    {"decode_environment", Decode, METH_O,
     "decode_environment(bytes, /)\n--\n\nReturn the text of a variable's name or value."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
