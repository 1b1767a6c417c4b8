// A program of threads.test.ts: runs one case, named by its argument, in an embedder's process, which then ends as Node ends.
import { loadPyodide } from "../../../runtime/index.ts";

/** By name: Python to run by runPythonAsync, or by runPython; it prints. */
const cases = {
  executor: `
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(2)
print(list(pool.map(abs, [-1, -2, -3])))
`,
  daemon: `
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
print("started")
`,
  stuck: `
import threading
threading.Thread(target=threading.Event().wait, name="stuck").start()
print("started")
`,
  "goes on": `
import threading, time

def body():
    time.sleep(0.01)
    print("later")

threading.Thread(target=body).start()
print("started")
`,
  fails: `
import threading

def body():
    raise ValueError("of a thread")

threading.Thread(target=body, name="fails").start()
print("started")
`,
  "too many": `
import threading
gate, threads = threading.Event(), []
try:
    while True:
        threads.append(threading.Thread(target=gate.wait))
        threads[-1].start()
except RuntimeError as error:
    print(error)
gate.set()
for thread in threads[:-1]:
    thread.join()
print(len(threads) - 1, threading.active_count())
`,
};

const synchronous = `
import _thread, threading
from concurrent.futures import ThreadPoolExecutor

for start in (threading.Thread().start, lambda: _thread.start_new_thread(print, ()), lambda: ThreadPoolExecutor().submit(print)):
    try:
        start()
    except RuntimeError as error:
        print(error)
print(threading.active_count())
`;

const name = process.argv[2];
const pyodide = await loadPyodide({ maxFibers: 20 });
if (name === "synchronous") {
  pyodide.runPython(synchronous);
} else {
  await pyodide.runPythonAsync(cases[name]);
}
