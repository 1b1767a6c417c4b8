// Threads and locks on Python 3.13, which are calls of the glue's (patches/0.28.3/0010-fibers.toml).
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createWorker } from "../../runtime/cli/create_worker.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import type { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `import asyncio
import contextvars
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import js
from js import Response
from pyodide.ffi import create_proxy, run_sync

lock = threading.Lock()
reentrant = threading.RLock()
steps = []
local = threading.local()
local.name = "main"
variable = contextvars.ContextVar("variable", default="none")


def held(one):
    with one:
        with one if one is reentrant else threading.Lock():
            steps.append("in")
            time.sleep(0.02)
            steps.append("out")


def hold():
    held(lock)
    return " ".join(steps)


def hold_reentrant():
    held(reentrant)
    return " ".join(steps)


def in_order():
    """Those that wait get it in their order, also where who lets it go asks again at once."""
    got = []
    barrier = threading.Barrier(4)

    def work(name):
        barrier.wait()
        for _ in range(3):
            with lock:
                got.append(name)
                time.sleep(0.001)

    workers = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    rounds = ["".join(sorted(got[at : at + 4])) for at in (0, 4, 8)]
    return " ".join(rounds)


def timeouts():
    with lock:
        began = time.monotonic()
        found = [lock.acquire(timeout=0.05), lock.acquire(blocking=False), lock.acquire(timeout=0)]
        found.append(time.monotonic() - began >= 0.05)
        found.append(threading.Event().wait(0.01))
    try:
        queue.Queue().get(timeout=0.01)
    except queue.Empty:
        found.append("Empty")
    return str([*found, lock.locked()])


def late():
    """Time is up for one that waits at the moment at which the lock is let go of: nobody gets it for nothing."""
    for _ in range(50):
        lock.acquire()
        waiting = threading.Thread(target=lambda: lock.acquire(timeout=0.001) and lock.release())
        waiting.start()
        time.sleep(0.001)
        lock.release()
        waiting.join()
        assert not lock.locked()
    return "free"


def threads():
    found = queue.Queue()

    def work(number):
        try:
            local.name
        except AttributeError:
            local.name = number
        run_sync(asyncio.sleep(0.01 * (3 - number)))
        task = None
        found.put((local.name == number, variable.get(), threading.current_thread().name, threading.get_ident()))

    variable.set("of the starter")
    workers = [threading.Thread(target=work, args=(number,), name=f"worker {number}") for number in range(3)]
    for worker in workers:
        worker.start()
    alive = [worker.is_alive() for worker in workers]
    for worker in workers:
        worker.join()
    seen = sorted(found.get() for _ in workers)
    idents = {ident for _, _, _, ident in seen} | {threading.get_ident()}
    return str([alive, [each[:3] for each in seen], len(idents), local.name, [worker.is_alive() for worker in workers]])


def pool():
    with ThreadPoolExecutor(8) as executor:
        began = time.monotonic()
        numbers = list(executor.map(lambda number: (time.sleep(0.1), number)[1], range(16)))
        return str([sum(numbers), time.monotonic() - began < 1.2])


def to_thread():
    async def main():
        return await asyncio.gather(*(asyncio.to_thread(lambda each=each: (time.sleep(0.01), each)[1]) for each in range(5)))

    return str(run_sync(main()))


def fails():
    def fail():
        raise ValueError("of the thread")

    worker = threading.Thread(target=fail)
    worker.start()
    worker.join()
    try:
        worker.start()
    except RuntimeError as error:
        return str(error)


def raw():
    import _thread

    done = threading.Event()
    ident = _thread.start_new_thread(lambda *_, **__: done.set(), (1,), {"two": 2})
    return str([done.wait(5), ident != threading.get_ident()])


def many():
    workers = [threading.Thread(target=time.sleep, args=(2,)) for _ in range(300)]
    try:
        for worker in workers:
            worker.start()
    except RuntimeError as error:
        return str(error)
    finally:
        for worker in workers:
            if worker.ident is not None:
                worker.join()


def synchronous():
    found = []

    def call(*_):
        for action in (lock.acquire, threading.Thread(target=print).start):
            try:
                action()
            except RuntimeError as error:
                found.append(str(error))

    proxy = create_proxy(call)
    with lock:
        js.Array.of(1).map(proxy)
    proxy.destroy()
    return "; ".join(found)


def imports():
    import slow

    return slow.value


def imports_in_a_circle():
    import circle_a

    return circle_a.name


def imports_the_other_way():
    import circle_b

    return circle_b.name


def imports_synchronously():
    found = []

    def call(*_):
        try:
            import slower
        except RuntimeError as error:
            found.append(str(error))

    worker = threading.Thread(target=lambda: __import__("slower"))
    worker.start()
    proxy = create_proxy(call)
    js.Array.of(1).map(proxy)
    proxy.destroy()
    worker.join()
    import slower

    return f"{found} {slower.value}"


def spin(seconds=0.5):
    """One that computes ends by what another does, and two of them go on side by side."""
    counts = [0, 0]
    stopped = []

    def work(number):
        while not stopped:
            counts[number] += len(str(number))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for worker in workers:
        worker.start()
    time.sleep(seconds)
    stopped.append(True)
    for worker in workers:
        worker.join()
    return str(min(counts) > 1000)


def spin_with_locks():
    """What is guarded by a lock stays whole while those that compute give way."""
    total = 0

    def work():
        nonlocal total
        for _ in range(3000):
            with lock:
                before = total
                for _ in range(20):
                    pass
                total = before + 1

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return str(total)


def made_before():
    import logging
    import tempfile

    kinds = {type(tempfile._once_lock).__module__, type(logging._lock).__module__, type(logging.lastResort.lock).__module__}
    return str(kinds)


def compute():
    def work():
        while True:
            pass

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    return "ended"


def on_fetch(request):
    name = request.url.rsplit("/", 1)[1]
    return Response.new(globals()[name]() if name else "hello")
`;

const wsgi = `import threading
import time

from workers import wsgi


def app(environ, start_response):
    size = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(size)
    time.sleep(0.05)
    start_response("201 Created", [("content-type", "text/plain"), ("x-path", environ["PATH_INFO"])])
    return [body, b" on ", threading.current_thread().name.split("-")[0].encode()]


Default = wsgi.entrypoint(app)
`;

const pythons: [pyodide: string, date: string, flags: readonly string[]][] = [
  ["0.28.3", "2025-10-01", []],
  ["0.29.5", "2026-10-01", ["python_3.13_packages_2025_12_01"]],
];

for (const [pyodide, date, flags] of pythons) {
  const toml =
    `name = "test"\nmain = "src/entry.py"\ncompatibility_date = "${date}"\n` +
    `compatibility_flags = ${JSON.stringify(["python_workers", ...flags])}\n[limits]\ncpu_ms = 2500\n[blockon]\nmax_fibers = 200\n`;
  const log: string[] = [];
  const begin = (folder: WorkerFolder): WorkerHost => {
    folder.write("wrangler.toml", toml);
    const config = readWorkerConfig(folder.path, { today: "2026-11-01" });
    assert.equal(config.python.runs.version, pyodide);
    return createWorker(config, {
      onLog: (_level, text) => log.push(text),
      onOutput: (_stream, text) => log.push(text),
    });
  };
  const ask = async (worker: WorkerHost, path: string, body: string | null = null): Promise<string> => {
    const answer = await worker.fetch({
      method: body === null ? "GET" : "POST",
      url: `http://worker.test/${path}`,
      headers: body === null ? [] : [["content-length", String(body.length)]],
      body: body === null ? null : new TextEncoder().encode(body),
    });
    const bytes = answer.body instanceof Uint8Array ? answer.body : Buffer.concat(await answer.body.toArray());
    return new TextDecoder().decode(bytes);
  };

  describe(`threads and locks of Pyodide ${pyodide}`, () => {
    let folder: WorkerFolder;
    let worker: WorkerHost;
    before(() => {
      folder = workerFolder(entry);
      const waits = "import asyncio\nfrom pyodide.ffi import run_sync\n";
      for (const name of ["slow", "slower"]) {
        folder.write(`${name}.py`, `${waits}run_sync(asyncio.sleep(0.1))\nvalue = "imported"\n`);
      }
      folder.write("circle_a.py", `${waits}run_sync(asyncio.sleep(0.05))\nimport circle_b\nname = "a"\n`);
      folder.write("circle_b.py", `${waits}run_sync(asyncio.sleep(0.05))\nimport circle_a\nname = "b"\n`);
      worker = begin(folder);
    });
    after(async () => {
      await worker.stop();
      folder.remove();
    });
    const get = (path: string): Promise<string> => ask(worker, path);

    it("has calls wait for a lock that one holds while it waits", async () => {
      await Promise.all(["hold", "hold", "hold"].map(get));
      await Promise.all(["hold_reentrant", "hold_reentrant", "hold_reentrant"].map(get));
      const steps = (await get("hold")).split(" ");
      assert.deepEqual(
        steps,
        Array.from({ length: 14 }, (_, index) => (index % 2 === 0 ? "in" : "out")),
      );
    });

    it("gives a lock to those that wait in their order", async () => {
      assert.equal(await get("in_order"), "abcd abcd abcd");
    });

    it("ends waits by time", async () => {
      assert.equal(await get("timeouts"), "[False, False, False, True, False, 'Empty', False]");
      assert.equal(await get("late"), "free");
    });

    it("runs threads, each with its ident, its locals and its context", async () => {
      assert.equal(
        await get("threads"),
        "[[True, True, True], [(True, 'none', 'worker 0'), (True, 'none', 'worker 1'), (True, 'none', 'worker 2')], " +
          "4, 'main', [False, False, False]]",
      );
    });

    it("runs executors, asyncio's too, and what _thread starts", async () => {
      assert.equal(await get("pool"), "[120, True]");
      assert.equal(await get("to_thread"), "[0, 1, 2, 3, 4]");
      assert.equal(await get("raw"), "[True, True]");
    });

    it("tells what a thread fails with, and starts none twice", async () => {
      assert.equal(await get("fails"), "threads can only be started once");
      assert.match(log.join("\n"), /Exception in thread Thread-\d+ \(fail\):.*ValueError: of the thread/s);
    });

    it("refuses more threads than its limit", async () => {
      assert.match(await get("many"), /^can't start new thread: .*too many fibers: 200 calls are alive/);
      assert.equal(await get(""), "hello");
    });

    it("says where nothing can wait", async () => {
      const [first = "", second = ""] = (await get("synchronous")).split("; ");
      assert.match(first, /^cannot wait for a lock that is held: JavaScript called Python synchronously/);
      assert.match(second, /^can't start new thread: JavaScript called Python synchronously/);
    });

    it("has imports wait for one that is under way, unless they are a circle", async () => {
      assert.deepEqual(await Promise.all(["imports", "imports", "imports"].map(get)), Array(3).fill("imported"));
      assert.deepEqual(await Promise.all(["imports_in_a_circle", "imports_the_other_way"].map(get)), ["a", "b"]);
      assert.match(await get("imports_synchronously"), /^\['cannot wait for a lock that is held: .*'\] imported$/);
    });

    it("has threads that compute give way", async () => {
      const spinning = get("spin");
      await get("");
      const beside: number[] = [];
      let isOver = false;
      void spinning.then(() => {
        isOver = true;
      });
      while (!isOver) {
        const began = performance.now();
        assert.equal(await get(""), "hello");
        beside.push(performance.now() - began);
      }
      assert.equal(await spinning, "True");
      assert.ok(beside.length >= 3, `${beside.length} requests were answered meanwhile`);
      assert.equal(await get("spin_with_locks"), "12000");
      assert.equal(await get("made_before"), "{'blockon._locks'}");
    });

    it("ends a thread that computes beyond the request's limit", async () => {
      const { starts } = worker;
      assert.equal(await get("compute"), "ended");
      assert.match(log.join("\n"), /in work\n.*LimitExceeded/s);
      assert.equal(worker.starts, starts);
    });
  });

  describe(`workers.wsgi of Pyodide ${pyodide}`, () => {
    let folder: WorkerFolder;
    let worker: WorkerHost;
    before(() => {
      folder = workerFolder(wsgi);
      worker = begin(folder);
    });
    after(async () => {
      await worker.stop();
      folder.remove();
    });

    it("has an application on threads, several at a time", async () => {
      const numbers = Array.from({ length: 20 }, (_, index) => String(index));
      const answers = await Promise.all(numbers.map((number) => ask(worker, number, `body ${number}`)));
      assert.deepEqual(
        answers,
        numbers.map((number) => `body ${number} on WSGI`),
      );
    });
  });
}
