// What the interpreter itself gains or loses by being processed: a call through ctypes, locks that nobody else holds.
import { inPython } from "./python.mjs";

export const PYTHON = `
import ctypes
import threading

absolute = ctypes.CDLL(None).abs
absolute.argtypes = [ctypes.c_int]
absolute.restype = ctypes.c_int

def through_ctypes(n):
    call = absolute
    for _ in range(n):
        call(-1)

def lock(n, one=threading.Lock()):
    for _ in range(n):
        one.acquire()
        one.release()

def rlock(n, one=threading.RLock()):
    for _ in range(n):
        one.acquire()
        one.release()
`;

/** @type {import("../lib/timing.mjs").Case[]} */
export const CASES = [
  { name: "ctypes", loops: { python: inPython("through_ctypes") } },
  { name: "lock", loops: { python: inPython("lock") } },
  { name: "rlock", loops: { python: inPython("rlock") } },
];
