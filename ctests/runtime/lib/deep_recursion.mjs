// A program of recursion.test.ts: runs deep recursions on a fiber and under a synchronous entry; prints what became of each.
import { loadPyodide } from "../../../runtime/index.ts";

const pyodide = await loadPyodide();
const script = `
import ctypes, functools, json, pickle, sys
sys.setrecursionlimit(1_000_000)

def nested():
    result = []
    for _ in range(100_000):
        result = [result]
    return result

class Endless:
    def __getattr__(self, name):
        return getattr(self, name)
    def __str__(self):
        return str(self)

def reduce_again(a, b):
    return functools.reduce(reduce_again, [a, b, 1])

def sort_again(item):
    return sorted([item, item], key=sort_again)

call_no_args = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(("PyObject_CallNoArgs", ctypes.pythonapi))

def call_again():
    return call_no_args(call_again)

# No exception leaves a callback.
sys.unraisablehook = lambda _: None
deepest = 0

@ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)
def callback_again(depth):
    global deepest
    deepest = depth
    return callback_again(depth + 1)

def through_callbacks():
    callback_again(0.0)
    if deepest > 5:
        raise RecursionError

cases = {
    "repr": lambda: repr(nested()),
    "loads": lambda: json.loads("[" * 100_000),
    "dumps": lambda: json.dumps(nested()),
    "pickle": lambda: pickle.dumps(nested()),
    "compile": lambda: compile("-" * 100_000 + "1", "deep", "eval"),
    "reduce": lambda: reduce_again(1, 2),
    "getattr": lambda: Endless().field,
    "str": lambda: str(Endless()),
    "sort": lambda: sort_again(1),
    "compare": lambda: nested() == nested(),
    "foreign call": call_again,
    "foreign callback": through_callbacks,
}

def run(where):
    for name, case in cases.items():
        try:
            case()
            print(where, name, "no error")
        except (RecursionError, MemoryError, ctypes.ArgumentError):
            print(where, name, "ok")
    print(where, "alive", json.loads("[1]"))
`;
pyodide.runPython(script);
pyodide.runPython(`run("sync")`);
await pyodide.runPythonAsync(`run("fiber")`);
