// Foreign calls by ctypes beside stock Pyodide (`stock`), both in one process, the rounds alternating.
//
//   ./dev bench foreign_calls [--json FILE]
//
// The cases that start with "ffi_call" are libffi's part alone, called from JavaScript; the rest is Python's.
import { LOADERS } from "./lib/pyodides.mjs";
import { median, report } from "./lib/report.mjs";

const ROUNDS = 9;

const PYTHON = `
import js
from ctypes import CDLL, CFUNCTYPE, Structure, c_char_p, c_double, c_int, c_longlong, c_size_t, c_void_p, cast, pythonapi

libc = CDLL(None)

class Division(Structure):
    _fields_ = [("quot", c_longlong), ("rem", c_longlong)]

kind = CFUNCTYPE(c_int, c_int)
function = lambda number: number
cases = {
    "no argument": (pythonapi.Py_IsInitialized, ()),
    "int": (CFUNCTYPE(c_int, c_int)(("abs", libc)), (-5,)),
    "pointers": (CFUNCTYPE(c_int, c_char_p, c_char_p, c_size_t)(("memcmp", libc)), (b"abc", b"abc", 3)),
    "double": (CFUNCTYPE(c_double, c_double)(("sqrt", libc)), (2.0,)),
    "struct result": (CFUNCTYPE(Division, c_longlong, c_longlong)(("lldiv", libc)), (7, 2)),
    "callback": (kind(function), (1,)),
    "new callback": (kind, (function,)),
}

def timed(name, n):
    call, arguments = cases[name]
    now = js.performance.now
    start = now()
    for _ in range(n):
        call(*arguments)
    return (now() - start) * 1e6 / n

def address(name):
    return cast(getattr(libc, name), c_void_p).value
`;

/** Calls of libffi itself: a cif and its arguments in the interpreter's memory. */
function ffiCalls(pyodide) {
  const module = pyodide._module;
  const address = pyodide.globals.get("address");
  const call = (name, result, args) => {
    const [cif, types, values, pointers, room] = [64, 64, 64, 64, 16].map((size) => module._malloc(size));
    args.forEach(([type, value], i) => {
      module.HEAPU32[types / 4 + i] = module[`_ffi_type_${type}`];
      module.HEAPU32[pointers / 4 + i] = values + 8 * i;
      module.HEAPF64[values / 8 + i] = value;
      if (type !== "double") module.HEAPU32[values / 4 + 2 * i] = value;
    });
    const status = module._ffi_prep_cif(cif, 2, args.length, module[`_ffi_type_${result}`], types);
    if (status !== 0) throw new Error(`ffi_prep_cif: ${status}`);
    const slot = address(name);
    return () => module._ffi_call(cif, slot, room, pointers);
  };
  return {
    "ffi_call: no argument": call("getpid", "sint32", []),
    "ffi_call: int": call("abs", "sint32", [["sint32", 5]]),
    "ffi_call: double": call("sqrt", "double", [["double", 2]]),
  };
}

const sides = {};
for (const [side, load] of Object.entries(LOADERS)) {
  const pyodide = await load();
  pyodide.runPython(PYTHON);
  sides[side] = { timed: pyodide.globals.get("timed"), ffi: ffiCalls(pyodide) };
}

function timeFfi(call, n) {
  const start = performance.now();
  for (let i = 0; i < n; i++) call();
  return ((performance.now() - start) * 1e6) / n;
}

const names = ["no argument", "int", "pointers", "double", "struct result", "callback", "new callback"];
const measures = [
  ...Object.keys(sides.ours.ffi).map((name) => [name, (side) => timeFfi(side.ffi[name], 100_000)]),
  ...names.map((name) => [name, (side) => side.timed(name, name === "new callback" ? 1000 : 20_000)]),
];
const rows = measures.map(([name, measure]) => {
  const samples = { ours: [], stock: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const side of ["ours", "stock"]) {
      const ns = measure(sides[side]);
      if (round > 0) samples[side].push(ns);
    }
  }
  return { case: name, unit: "ns", ours: median(samples.ours), peers: { stock: median(samples.stock) } };
});
report("foreign_calls", rows);
process.exit(0);
