// Greenlets: what the package `greenlet` of PyPI offers, over fibers. Here is the object; greenlet_switch.h says how one runs.
//
//   greenlet --> unstarted: no fiber      --> switch(): a fiber of its own, kGreenlet
//            --> active: has its fiber    --> the body ends, in its parent
//            --> dead: no fiber any more
//
// A greenlet belongs to the thread in which it was started: the ident, thread dict and threading.local, what it owns of locks, the
// running loop are its thread's. Its frames, exceptions and context variables are its own. Each thread has a main greenlet, which
// is what runs where no other does. All tasks are the main thread, so one main greenlet stands for each of them: a switch to it goes
// on with the task on whose stack it is made. So a greenlet that waits to be switched to can be gone on with by any task (SQLAlchemy's
// are, in each step of a coroutine by another fiber), while one that runs in a task is out of reach for all others.
//
// Owner: Python's references, and the stack of calls that it is on top of. Called with a thread state attached.
#ifndef BLOCKON_JSPI_GUEST_GREENLET_H_
#define BLOCKON_JSPI_GUEST_GREENLET_H_

#include "fiber.h"
#include "python_api.h"

namespace blockon {

// Its first members are those that the package's C API shows.
struct Greenlet {
  PyObject ob_base;
  PyObject* weak_references;
  PyObject* dict;
  void* reserved;
  // What it is to run, then what it runs; null behind its end.
  PyObject* run;
  Greenlet* parent;
  // The main one of the thread that it was started in; null before. A main one has none and no reference to itself.
  Greenlet* main;
  // Of a main one: its thread; null when that has ended.
  GreenletThread* thread;
  bool is_main;
  bool started;
  // While it is active.
  Fiber* fiber;
  // Its context variables before its start and behind its end; null for none.
  PyObject* context;
  // In GreenletThread::doomed.
  Greenlet* next_doomed;
};

inline PyObject* AsObject(Greenlet* greenlet) { return reinterpret_cast<PyObject*>(greenlet); }
inline Greenlet* AsGreenlet(PyObject* object) { return reinterpret_cast<Greenlet*>(object); }

// The type and the exceptions; null before the module was imported.
extern PyTypeObject* greenlet_type;
extern PyObject* greenlet_error;
extern PyObject* greenlet_exit;

inline bool IsGreenlet(PyObject* object) {
  return object->ob_type == greenlet_type || PyType_IsSubtype(object->ob_type, greenlet_type);
}

// Whether it was started in a thread that has ended, or is the main one of such.
inline bool ItsThreadEnded(const Greenlet* greenlet) {
  return greenlet->is_main ? !greenlet->thread : greenlet->main && !greenlet->main->thread;
}

// Started and not at its end.
inline bool IsActive(const Greenlet* greenlet) { return greenlet->is_main || greenlet->fiber; }
inline bool IsDead(const Greenlet* greenlet) {
  return ItsThreadEnded(greenlet) || (greenlet->started && !IsActive(greenlet));
}

// The one that runs this code; null with MemoryError set. A borrowed reference.
Greenlet* CurrentGreenlet();

// The types of its methods and attributes. False with an exception set.
bool MakeGreenletType();

// For a thread that has none. Null with an exception set.
Greenlet* NewMainGreenlet(GreenletThread* thread);

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_GREENLET_H_
