#include "own_code.h"

#include "python_api.h"

namespace blockon {
namespace {

// The packages, and the modules that stand in for some of CPython's: they and what is below them. `greenlet` has nothing to guard.
constexpr const char* kOwn[] = {"blockon", "_blockon_tls", "_multiprocessing"};

bool IsOrIsIn(const char* name, const char* package) {
  while (*package && *name == *package) name++, package++;
  return !*package && (!*name || *name == '.');
}

}  // namespace

// By the name of the module whose globals the innermost frame has.
bool RunsOwnCode() {
  PyObject* globals = PyEval_GetGlobals();
  PyObject* text = globals ? PyDict_GetItemString(globals, "__name__") : nullptr;
  if (!text || text->ob_type != &PyUnicode_Type) return false;
  const KeptException kept;
  const char* name = PyUnicode_AsUTF8AndSize(text, nullptr);
  if (!name) return false;
  for (const char* own : kOwn) {
    if (IsOrIsIn(name, own)) return true;
  }
  return false;
}

}  // namespace blockon
