// A program of greenlets.test.ts: runs one case, named by its argument, in an embedder's process, which then ends as Node ends.
let refusing = false;
const { Suspending } = WebAssembly;
WebAssembly.Suspending = new Proxy(Suspending, {
  construct(_, [suspend]) {
    if (suspend.name !== "suspend") return new Suspending(suspend);
    return new Suspending((id, promise) => {
      if (!refusing) return suspend(id, promise);
      refusing = false;
      throw new Error("refused");
    });
  },
});
globalThis.refuseNext = () => {
  refusing = true;
};

const { loadPyodide } = await import("../../../runtime/index.ts");

/** By name: Python to run by runPythonAsync, or by runPython; it prints. */
const cases = {
  "left behind": `
child = greenlet(lambda: getcurrent().parent.switch("suspended"))
print(child.switch())
`,
  stuck: `
import threading

def body():
    lock = threading.Lock()
    lock.acquire()
    try:
        lock.acquire()
    except RuntimeError as error:
        print("greenlet:", str(error).split(":")[0])
        raise

try:
    greenlet(body).switch()
except RuntimeError as error:
    print("task:", str(error).split(":")[0])
`,
  "too many": `
import _blockon
children = []
try:
    while True:
        children.append(greenlet(getcurrent().switch))
        children[-1].switch()
except RuntimeError as error:
    print(error)
failed = children.pop()
print(len(children), failed.dead)
children.pop().switch()
failed.run = lambda: "started"
print(failed.switch())
children.clear()
print(_blockon.stats()["fibers_live"])
`,
  "not suspended": `
import _blockon, asyncio
from js import refuseNext
from pyodide.ffi import run_sync

main = getcurrent()

def refused(target):
    refuseNext()
    try:
        return target.switch("lost")
    except BaseException as error:
        return repr(error)

child = greenlet(lambda: [main.switch("one"), main.switch("two")])
child.switch()
fresh = greenlet(lambda value: f"fresh {value}")
for target in (child, fresh, fresh, child, fresh):
    print(refused(target))
    run_sync(asyncio.sleep(0))
print("pending" if "pending" in repr(fresh) else fresh, "suspended" if child else child, sep=", ")
print(child.switch("y"))
print(fresh.switch("v"))
print(greenlet(lambda: refused(main)).switch())
print(child.switch("z"))
del child, fresh, target
print(_blockon.stats()["fibers_live"])
`,
};

const synchronous = `
child = greenlet(lambda: None)
try:
    child.switch()
except error as refusal:
    print(refusal)
print(getcurrent().switch("itself"))
print("pending" if "pending" in repr(child) else child)
`;

const name = process.argv[2];
const pyodide = await loadPyodide({ maxFibers: 20 });
pyodide.runPython("from greenlet import error, getcurrent, greenlet");
if (name === "synchronous") {
  pyodide.runPython(synchronous);
} else {
  await pyodide.runPythonAsync(cases[name]);
}
