// What the type greenlet.greenlet has: its attributes (greenlet_attributes.cc) and its methods (greenlet_methods.cc).
#ifndef BLOCKON_JSPI_GUEST_GREENLET_MEMBERS_H_
#define BLOCKON_JSPI_GUEST_GREENLET_MEMBERS_H_

#include "greenlet.h"

namespace blockon {

// As a setter of Python's: 0, or -1 with an exception set.
int SetGreenletRun(PyObject* greenlet, PyObject* run, void*);
int SetGreenletParent(PyObject* greenlet, PyObject* parent, void*);

// The method throw(); the value and the traceback may be null. Null with an exception set.
PyObject* ThrowInto(Greenlet* greenlet, PyObject* type, PyObject* value, PyObject* trace);

extern PyGetSetDef greenlet_attributes[];
extern PyMethodDef greenlet_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_GREENLET_MEMBERS_H_
