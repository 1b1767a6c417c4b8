// A program of time_slices.test.ts: runs one case, named by its argument, in an embedder's process; Python prints what came of it.
import { loadPyodide } from "../../../runtime/index.ts";

const setup = `
import asyncio, sys, threading, time
from pyodide.ffi import run_sync

sys.setswitchinterval(0.0005)
stops = False
count = 0

def busy():
    global count
    while not stops:
        count += 1

def compute(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass

def until_thread_ran():
    before = count
    while count == before:
        pass

async def between(body):
    """What ran while body() computed: the thread, and callbacks of the loop and fibers that were ready."""
    global stops
    thread = threading.Thread(target=busy)
    thread.start()
    ran = []
    loop = asyncio.get_running_loop()
    loop.call_soon(ran.append, "callback")
    loop.call_later(0, ran.append, "timer")
    gate = loop.create_future()
    loop.call_soon(gate.set_result, None)

    async def blocks():
        run_sync(asyncio.sleep(0.001))
        ran.append("task")

    task = loop.create_task(blocks())

    async def measured():
        before, ran_before = count, len(ran)
        body()
        return count > before, ran[ran_before:]

    thread_ran, others = await measured()
    await task
    stops = True
    thread.join()
    print("thread" if thread_ran else "no thread", others, sorted(ran))
`;

const order = `
import threading
order = []

def body(number):
    for _ in range(3000):
        if not order or order[-1] != number:
            order.append(number)

threads = [threading.Thread(target=body, args=(number,)) for number in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(order)
`;

// In a task that computes and is pre-empted, beside a thread that computes and another task that is ready.
const signals = `
import signal

class TimeIsUpError(Exception):
    pass

def raises(*_):
    if count > since:
        signal.setitimer(signal.ITIMER_REAL, 0)
        raise TimeIsUpError

def ends_by(begins):
    """What ended the endless loop, in which the thread ran."""
    global since
    since = count
    try:
        begins()
        while True:
            pass
    except BaseException as error:
        return type(error).__name__

def interrupts():
    before = len(ran)
    while len(ran) == before or count == since:
        pass
    signal.raise_signal(signal.SIGINT)

def computes():
    while True:
        ran.append(None)

async def main():
    global stops
    threading.Thread(target=busy).start()
    other = asyncio.get_running_loop().create_task(asyncio.sleep(0))
    in_main = []
    signal.signal(signal.SIGALRM, lambda *_: in_main.append(threading.current_thread() is threading.main_thread()))
    signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
    before = count
    while len(in_main) < 5 or count == before:
        pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    print("handled", all(in_main), other.done())
    signal.signal(signal.SIGALRM, raises)
    print(ends_by(lambda: signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)), other.done())
    thread = threading.Thread(target=interrupts)
    def begins():
        thread.start()
        computes()
    print(ends_by(begins))
    thread.join()
    stops = True
    await other
`;

const [name] = process.argv.slice(2);
if (name === "order") {
  const pyodide = await loadPyodide();
  await pyodide.runPythonAsync(order);
} else if (name === "wrong") {
  await loadPyodide({ preemptTasks: "yes" }).catch((error) => console.log(`${error.name}: ${error.message}`));
} else if (name === "signals") {
  const pyodide = await loadPyodide({ preemptTasks: true });
  await pyodide.runPythonAsync(`${setup}\nran = []\n${signals}\nawait main()`);
} else {
  // On a busy machine no time is long enough for the thread to run.
  const body = name === "tasks give way" ? "until_thread_ran" : "lambda: compute(0.05)";
  const pyodide = await loadPyodide(name === "tasks give way" ? { preemptTasks: true } : {});
  await pyodide.runPythonAsync(`${setup}\nawait between(${body})`);
}
