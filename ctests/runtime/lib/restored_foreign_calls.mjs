// A program of snapshot.test.ts: what was made for foreign calls before a memory snapshot is made again after it.
import { loadPyodide } from "../../../runtime/index.ts";

const made = await loadPyodide({ _makeSnapshot: true });
made.runPython(`
  from ctypes import CDLL, CFUNCTYPE, c_double, c_int, c_longlong

  libc = CDLL(None)
  libc.ldexp.argtypes, libc.ldexp.restype = [c_double, c_int], c_double
  kind = CFUNCTYPE(c_longlong, c_longlong, c_double)
  kept = kind(lambda number, real: number)  # freed when the number of its slot is another closure's
  before = (libc.ldexp(1.5, 2), kept(5, 0.5), libc.abs(-3))
`);
const snapshot = made.makeMemorySnapshot();
const restored = await loadPyodide({ _loadSnapshot: snapshot });
globalThis.later = (value) => new Promise((resolve) => setTimeout(resolve, 2, value));
console.log(
  await restored.runPythonAsync(`
    import gc
    from js import later
    from pyodide.ffi import run_sync

    def make(first):
        return [kind(lambda number, real, i=i: run_sync(later(number + i))) for i in range(first, first + 3)]

    callbacks = make(0)
    del kept
    gc.collect()
    callbacks += make(3)
    results = [callback(10, 0.5) for callback in callbacks]
    f"{results} {before == (libc.ldexp(1.5, 2), callbacks[0](5, 0.5), libc.abs(-3))}"
  `),
);
process.exit(0);
