// A program of callbacks.test.ts: prints how callbacks end.
import { loadPyodide } from "../../../runtime/index.ts";

const lastLine = (error) => String(error.message).trim().split("\n").at(-1);
process.on("uncaughtException", (error) => console.log("uncaught", lastLine(error)));
process.on("unhandledRejection", (error) => console.log("unhandled", lastLine(error)));
const turns = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const pyodide = await loadPyodide();
globalThis.settles = () => ({ promise: new Promise((resolve) => setTimeout(resolve, 1)) });
pyodide.runPython(`
import asyncio, js
from pyodide.ffi import can_run_sync, create_once_callable, create_proxy, run_sync

def fails(name):
    def callback(*_):
        raise KeyError(name)
    return callback

def waits_and_fails():
    run_sync(asyncio.sleep(0.001))
    raise KeyError("after a wait")

target = js.EventTarget.new()
target.addEventListener("ring", create_proxy(fails("event")))
`);
const python = (code) => pyodide.runPython(code);
python("js.queueMicrotask(create_once_callable(fails('microtask')))");
await turns(5);
python("js.setTimeout(create_once_callable(fails('once')), 1)");
await turns(5);
python("js.setTimeout(create_proxy(fails('proxy')), 1)");
await turns(5);
python("target.dispatchEvent(js.Event.new('ring'))");
await turns(5);
python("js.setTimeout(create_proxy(waits_and_fails), 1)");
await turns(20);
python("js.settles().promise.then(fails('then'))");
await turns(20);

python(`
said = []
def listener(event):
    said.append(f"can wait {can_run_sync()}")
    if can_run_sync():
        run_sync(asyncio.sleep(0.001))
        said.append("waited")

target.addEventListener("call", create_proxy(listener))
target.dispatchEvent(js.Event.new("call"))
`);
await turns(20);
console.log("from a synchronous call:", python("', '.join(said)"));

const small = await loadPyodide({ maxFibers: 1 });
small.runPython(`
import js
from pyodide.ffi import can_run_sync, create_proxy, run_sync

said = []
target = js.EventTarget.new()
target.addEventListener("call", create_proxy(lambda _: said.append(f"can wait {can_run_sync()}")))

def dispatch():
    said.clear()
    target.dispatchEvent(js.Event.new("call"))
`);
const dispatch = small.globals.get("dispatch");
const said = async () => {
  dispatch();
  await turns(5);
  return small.runPython("', '.join(said)");
};
console.log("room:", await said());
const { promise, resolve } = Promise.withResolvers();
const waiting = small.runPython("run_sync").callPromising(promise);
await turns(5);
console.log("no room:", await said());
resolve();
await waiting;
console.log("room again:", await said());
console.log("alive", python("1 + 1"));
