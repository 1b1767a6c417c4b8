// A program of embedder.test.ts: the same waits of stock Pyodide and of blockon's, by each way into Python.
import { loadPyodide, report } from "./embedder_pyodide.mjs";

const pyodide = await loadPyodide();
Object.assign(globalThis, {
  resolved: (value) => Promise.resolve(value),
  later: (value) => new Promise((resolve) => setTimeout(resolve, 2, value)),
  failsLater: (error) => new Promise((_, reject) => setTimeout(reject, 2, error)),
  fails: () => Promise.reject(new RangeError("out of it")),
  // biome-ignore lint/suspicious/noThenProperty: run_sync takes thenables too
  thenable: { then: (resolve) => setTimeout(resolve, 2, "thenable") },
  calls: (f) => f(),
});

pyodide.runPython(`
import asyncio, contextvars, sys, threading
from js import resolved, later, fails, failsLater, thenable, calls, Error
from pyodide.ffi import can_run_sync, run_sync
from pyodide.code import run_js
import pyodide_js

async def gives(value):
    return value

async def sleeps(value):
    await asyncio.sleep(0.002)
    return value

async def raises(error):
    await asyncio.sleep(0)
    raise error

async def cancelled():
    task = asyncio.ensure_future(asyncio.sleep(10))
    asyncio.get_running_loop().call_later(0.002, task.cancel)
    return await task

class Awaitable:
    def __await__(self):
        yield from asyncio.sleep(0.001).__await__()
        return "awaited"

def future():
    result = asyncio.get_event_loop().create_future()
    asyncio.get_event_loop().call_later(0.002, result.set_result, "future")
    return result

async def order():
    seen = []
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    loop.call_soon(seen.append, "soon")
    loop.call_soon(loop.call_later, 0.001, done.set_result, "later")
    loop.call_soon(seen.append, "after")
    return [*seen, await done, *seen]

async def taskgroup():
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(sleeps(n)) for n in range(3)]
    return [task.result() for task in tasks]

async def timeout():
    async with asyncio.timeout(0.002):
        await asyncio.sleep(5)

variable = contextvars.ContextVar("variable", default="none")
def context():
    variable.set("mine")
    run_sync(later(1))
    return variable.get()

def generator():
    for number in range(3):
        yield run_sync(later(number))

def loop_of():
    return type(asyncio.get_event_loop()).__name__
`);

const expressions = {
  "a resolved promise": "run_sync(resolved(1))",
  "a pending promise": "run_sync(later('x'))",
  "a promise of undefined": "repr(run_sync(later()))",
  "a promise of null": "repr(run_sync(later(run_js('null'))))",
  "a promise of an object": "run_sync(later(run_js('({a: 1})'))).a",
  "a promise of NaN and big numbers": "repr((run_sync(later(float('nan'))), run_sync(resolved(2**80))))",
  "a thenable": "run_sync(thenable)",
  "a coroutine": "run_sync(gives(2))",
  "a coroutine that sleeps": "run_sync(sleeps([1, 2]))",
  "a future": "run_sync(future())",
  "an awaitable": "run_sync(Awaitable())",
  gather: "run_sync(asyncio.gather(sleeps(1), sleeps(2), gives(3)))",
  wait_for: "run_sync(asyncio.wait_for(sleeps(4), 5))",
  "a rejected promise": "run_sync(fails())",
  "a promise that is rejected later": "run_sync(failsLater(Error.new('no')))",
  "a coroutine that raises": "run_sync(raises(KeyError('k')))",
  "a coroutine that exits": "run_sync(raises(SystemExit(3)))",
  "a coroutine that is interrupted": "run_sync(raises(KeyboardInterrupt()))",
  "a cancelled task": "run_sync(cancelled())",
  "a timeout": "run_sync(timeout())",
  "a group of tasks": "run_sync(taskgroup())",
  "no awaitable": "run_sync(5)",
  None: "run_sync(None)",
  "no argument": "run_sync()",
  "a keyword": "run_sync(x=1)",
  can_run_sync: "can_run_sync()",
  "can_run_sync below JavaScript": "calls(can_run_sync)",
  "run_sync below JavaScript": "calls(lambda: run_sync(later(1)))",
  "in a sort key": "sorted([3, 1, 2], key=lambda n: run_sync(later(n)))",
  "in a generator": "list(generator())",
  "in a context": "context()",
  "the thread": "threading.current_thread().name",
  "asyncio.run": "asyncio.run(sleeps(5))",
  "asyncio.run of one that raises": "asyncio.run(raises(ValueError('v')))",
  run_until_complete: "asyncio.get_event_loop().run_until_complete(sleeps(6))",
  "run_until_complete of a future": "asyncio.get_event_loop().run_until_complete(future())",
  run_forever: "asyncio.get_event_loop().run_forever()",
  "the order of callbacks": "run_sync(order())",
  "the loop": "loop_of()",
  "the signatures": "repr((run_sync.__doc__, can_run_sync.__doc__, run_sync.__module__, run_sync.__name__))",
};
const ways = {
  runPython: (code) => pyodide.runPython(code),
  runPythonAsync: (code) => pyodide.runPythonAsync(code),
  "runPythonAsync, awaiting": (code) => pyodide.runPythonAsync(`async def main():\n    return ${code}\nawait main()`),
  callPromising: (code) => pyodide.runPython(`lambda: ${code}`).callPromising(),
  "a callback of the loop": (code) =>
    pyodide.runPythonAsync(`
      result = asyncio.Future()
      def callback():
          try:
              result.set_result(${code})
          except BaseException as error:
              result.set_result(repr(error))
      asyncio.get_running_loop().call_soon(callback)
      await result
    `),
};
const cases = {};
for (const [way, run] of Object.entries(ways)) {
  for (const [what, code] of Object.entries(expressions)) {
    cases[`${way}: ${what}`] = () => run(code);
  }
}
await report(cases, true);
