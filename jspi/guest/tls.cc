#include "tls.h"

#include "engine_api.h"
#include "jspi/engine/tls/tls_step.h"

namespace blockon {
namespace {

// Room on the stack for what a step has to send: an alert, a message of a handshake; more goes to the bytearray at once.
constexpr uint32_t kShortOutput = 512;
// What a record of a write adds to its data at most, and how much data is in one at least.
constexpr uint32_t kRecordOverhead = 256;
constexpr uint32_t kRecordSize = 8192;
// Statuses that Python gets; a number of bytes is >= 0. The last one and below: how many bytes of input are wanted.
enum Result : long { kFailed = -1, kClientHello = -2, kWantsInput = -16 };
using enum TlsOperation;

// Arguments of a step: (connection, incoming bytearray, whether it is all that comes, outgoing bytearray).
struct Ends {
  int connection = 0;
  PyObject* incoming = nullptr;
  int at_end = 0;
  PyObject* outgoing = nullptr;
};

bool IsByteArray(PyObject* object) {
  if (object->ob_type == &PyByteArray_Type) return true;
  PyErr_SetString(PyExc_TypeError, "a bytearray is needed");
  return false;
}

bool AreByteArrays(const Ends& ends) { return IsByteArray(ends.incoming) && IsByteArray(ends.outgoing); }

uint32_t AddressOf(const void* memory) { return reinterpret_cast<uint32_t>(memory); }

bool DropFront(PyObject* bytes, uint32_t count) {
  if (count == 0) return true;
  if (count == static_cast<uint32_t>(PyByteArray_Size(bytes))) return PyByteArray_Resize(bytes, 0) == 0;
  return PySequence_DelSlice(bytes, 0, static_cast<int32_t>(count)) == 0;
}

bool Append(PyObject* bytes, const char* data, uint32_t size) {
  if (size == 0) return true;
  const int32_t before = PyByteArray_Size(bytes);
  if (PyByteArray_Resize(bytes, before + static_cast<int32_t>(size)) != 0) return false;
  memcpy(PyByteArray_AsString(bytes) + before, data, size);
  return true;
}

// What the engine kept since there was no room for it.
bool Drain(TlsStep* step, PyObject* outgoing) {
  if (step->output_kept == 0) return true;
  const int32_t before = PyByteArray_Size(outgoing);
  const uint32_t size = step->output_kept;
  if (PyByteArray_Resize(outgoing, before + static_cast<int32_t>(size)) != 0) return false;
  TlsStep drain = {};
  drain.connection = step->connection;
  drain.operation = static_cast<int32_t>(kDrain);
  drain.output = AddressOf(PyByteArray_AsString(outgoing) + before);
  drain.output_size = size;
  blockon_tls_step(&drain);
  return true;
}

// One step; its output goes to the bytearray. False with an exception set.
bool Run(const Ends& ends, TlsOperation operation, const void* data, uint32_t size, TlsStep* step) {
  char room[kShortOutput];
  *step = {};
  step->connection = ends.connection;
  step->operation = static_cast<int32_t>(operation);
  step->data = AddressOf(data);
  step->data_size = size;
  step->at_end = static_cast<uint32_t>(ends.at_end);
  step->output = AddressOf(room);
  step->output_size = kShortOutput;
  const auto input_size = static_cast<uint32_t>(PyByteArray_Size(ends.incoming));
  const bool is_long = operation == kWrite && size > kShortOutput - kRecordOverhead;
  const int32_t before = PyByteArray_Size(ends.outgoing);
  if (is_long) {
    step->output_size = size + (size / kRecordSize + 1) * kRecordOverhead;
    if (PyByteArray_Resize(ends.outgoing, before + static_cast<int32_t>(step->output_size)) != 0) return false;
    step->output = AddressOf(PyByteArray_AsString(ends.outgoing) + before);
  }
  // Only now: the two may be one, and have moved.
  step->input = AddressOf(PyByteArray_AsString(ends.incoming));
  step->input_size = input_size;
  blockon_tls_step(step);
  const bool placed = is_long ? PyByteArray_Resize(ends.outgoing, before + static_cast<int32_t>(step->output_used)) == 0
                              : Append(ends.outgoing, room, step->output_used);
  return placed && Drain(step, ends.outgoing) && DropFront(ends.incoming, step->input_used);
}

long ResultOf(const TlsStep& step) {
  switch (static_cast<TlsStatus>(step.status)) {
    case TlsStatus::kDone:
      return static_cast<long>(step.done);
    case TlsStatus::kWantsInput:
      return kWantsInput - static_cast<long>(step.wanted);
    case TlsStatus::kClientHello:
      return kClientHello;
    default:
      return kFailed;
  }
}

PyObject* Simple(PyObject* arguments, const char* format, TlsOperation operation) {
  Ends ends;
  TlsStep step;
  if (!PyArg_ParseTuple(arguments, format, &ends.connection, &ends.incoming, &ends.at_end, &ends.outgoing) ||
      !AreByteArrays(ends) || !Run(ends, operation, nullptr, 0, &step)) {
    return nullptr;
  }
  return PyLong_FromLong(ResultOf(step));
}

PyObject* Handshake(PyObject*, PyObject* arguments) { return Simple(arguments, "iOpO:tls_handshake", kHandshake); }

PyObject* Shutdown(PyObject*, PyObject* arguments) { return Simple(arguments, "iOpO:tls_shutdown", kShutdown); }

PyObject* Read(PyObject*, PyObject* arguments) {
  Ends ends;
  int32_t size = 0;
  if (!PyArg_ParseTuple(arguments, "iOpOn:tls_read", &ends.connection, &ends.incoming, &ends.at_end, &ends.outgoing,
                        &size) ||
      !AreByteArrays(ends)) {
    return nullptr;
  }
  if (size < 0) {
    PyErr_SetString(PyExc_ValueError, "size should not be negative");
    return nullptr;
  }
  PyObject* bytes = PyBytes_FromStringAndSize(nullptr, size);
  if (!bytes) return nullptr;
  TlsStep step;
  if (!Run(ends, kRead, PyBytes_AsString(bytes), static_cast<uint32_t>(size), &step)) {
    Py_DecRef(bytes);
    return nullptr;
  }
  if (static_cast<TlsStatus>(step.status) != TlsStatus::kDone) {
    Py_DecRef(bytes);
    return PyLong_FromLong(ResultOf(step));
  }
  // Without memory `bytes` is null afterwards.
  _PyBytes_Resize(&bytes, static_cast<int32_t>(step.done));
  return bytes;
}

PyObject* OnBuffer(PyObject* arguments, const char* format, TlsOperation operation) {
  Ends ends;
  PyBuffer buffer;
  TlsStep step;
  if (!PyArg_ParseTuple(arguments, format, &ends.connection, &ends.incoming, &ends.at_end, &ends.outgoing, &buffer)) {
    return nullptr;
  }
  const bool ran = AreByteArrays(ends) && Run(ends, operation, buffer.buf, static_cast<uint32_t>(buffer.len), &step);
  PyBuffer_Release(&buffer);
  return ran ? PyLong_FromLong(ResultOf(step)) : nullptr;
}

PyObject* ReadInto(PyObject*, PyObject* arguments) { return OnBuffer(arguments, "iOpOw*:tls_read_into", kRead); }

PyObject* Write(PyObject*, PyObject* arguments) { return OnBuffer(arguments, "iOpOy*:tls_write", kWrite); }

PyObject* Pending(PyObject*, PyObject* connection) {
  TlsStep step = {};
  step.connection = static_cast<int>(PyLong_AsLong(connection));
  if (PyErr_Occurred()) return nullptr;
  step.operation = static_cast<int32_t>(kPending);
  blockon_tls_step(&step);
  return PyLong_FromLong(ResultOf(step));
}

PyObject* Call(PyObject*, PyObject* arguments) {
  char* bytes = nullptr;
  int32_t size = 0;
  if (PyBytes_AsStringAndSize(arguments, &bytes, &size) != 0) return nullptr;
  const uint32_t result_size = blockon_tls_call(bytes, static_cast<uint32_t>(size));
  PyObject* result = PyBytes_FromStringAndSize(nullptr, static_cast<int32_t>(result_size));
  if (result) blockon_tls_result(PyBytes_AsString(result), result_size);
  return result;
}

}  // namespace

PyMethodDef tls_methods[] = {
    {"tls_call", Call, METH_O,
     "tls_call(arguments)\n--\n\nCall what the engine has by name. Arguments and result are bytes in the format of marshal:\n"
     "a tuple of the name and its arguments, and (True, value) or (False, failure)."},
    {"tls_handshake", Handshake, METH_VARARGS,
     "tls_handshake(connection, incoming, at_end, outgoing)\n--\n\nGo on with a handshake. This and the others take what they "
     "need\nout of the bytearray incoming and append what is to be sent to outgoing. They return a number of bytes; -1 when\n"
     "it failed, -2 when a server is to choose its certificate, -16 - n when n bytes of input are wanted."},
    {"tls_pending", Pending, METH_O,
     "tls_pending(connection)\n--\n\nReturn how many bytes are decrypted and not read yet."},
    {"tls_read", Read, METH_VARARGS,
     "tls_read(connection, incoming, at_end, outgoing, size)\n--\n\nRead up to so many bytes, and return bytes or a status."},
    {"tls_read_into", ReadInto, METH_VARARGS,
     "tls_read_into(connection, incoming, at_end, outgoing, buffer)\n--\n\nRead into a buffer."},
    {"tls_shutdown", Shutdown, METH_VARARGS,
     "tls_shutdown(connection, incoming, at_end, outgoing)\n--\n\nSend close_notify, and look for the peer's."},
    {"tls_write", Write, METH_VARARGS,
     "tls_write(connection, incoming, at_end, outgoing, data)\n--\n\nEncrypt all of the data."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace blockon
