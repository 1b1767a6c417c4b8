// run_sync on Python 3.13, whose fibers are the glue's (patches/0.28.3/0010-fibers.toml).
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DatedWorker, pythons313 } from "./lib/dated_worker.ts";

/** Answers /NAME/NUMBER by the function of that name. */
const blocking = `import asyncio
import contextvars
import ctypes
import sys
import threading

import js
from js import Response
from pyodide.ffi import can_run_sync, create_proxy, run_sync

variable = contextvars.ContextVar("variable")
variable.set("of the module")
local = threading.local()
local.name = "of the module"
run_sync(asyncio.sleep(0))  # the module may block, too


def version(number):
    return "%d.%d" % sys.version_info[:2]


def deep(depth, number):
    return deep(depth - 1, number) if depth else run_sync(asyncio.sleep(0.001 * (number % 7), number))


def wait(number):
    seen = [variable.get(), local.name]
    variable.set(number)
    for depth in range(0, 60, 20):
        seen.append(deep(depth, number) == variable.get() == number)
    return seen


def hold(number):
    return run_sync(asyncio.sleep(0.5))


def sort(number):
    return sorted([3, 1, 2], key=lambda each: run_sync(asyncio.sleep(0.001, each)))


def tasks(number):
    async def one(name):
        task = asyncio.current_task()
        def inside():
            before = asyncio.current_task() is task
            run_sync(asyncio.sleep(0.001))
            return before and asyncio.current_task() is task
        return inside() and inside()

    async def all_of_them():
        return await asyncio.gather(*[one(name) for name in range(5)])

    return run_sync(all_of_them())


def drop_generator(number):
    ended = []

    async def numbers():
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            ended.append(number)

    async def first():
        async for each in numbers():
            return each

    run_sync(asyncio.sleep(0))  # others go on with a thread state of their own
    first_one = run_sync(first())
    for _ in range(50):
        run_sync(asyncio.sleep(0.001))
    return [first_one, ended]


def reject(number):
    reason = js.Error.new(f"reason {number}") if number % 2 else f"reason {number}"
    async def later():
        await asyncio.sleep(0.001 * (number % 3))
        await js.Promise.reject(reason)
    try:
        run_sync(later())
    except Exception as error:
        return str(error)


def synchronous(number):
    proxy = create_proxy(lambda *_: (can_run_sync(), run_sync(asyncio.sleep(0))))
    try:
        js.Array.of(1).map(proxy)
    finally:
        proxy.destroy()


def foreign(number):
    found = []
    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
    def callback(value):
        found.append(can_run_sync())
        try:
            run_sync(asyncio.sleep(0))
        except RuntimeError as error:
            found.append("RuntimeError")
        return value
    callback(number)
    return [*found, run_sync(asyncio.sleep(0, "again"))]


def recursion(number):
    nested = []
    for _ in range(100_000):
        nested = [nested]

    def key(item):
        return sorted([item, item], key=key)

    class Endless:
        def __getattr__(self, name):
            return getattr(self, name + "x")

    ended = []
    for recurse in (lambda: repr(nested), lambda: key(1), lambda: Endless().field, lambda: nested == [nested]):
        try:
            recurse()
        except RecursionError:
            ended.append("RecursionError")
    return ended


def on_fetch(request):
    name, number = request.url.split("/")[-2:]
    try:
        return Response.new(str(globals()[name](int(number))))
    except Exception as error:
        return Response.new(f"{type(error).__name__}: {error}", status=500)
`;

for (const { pyodide, ...dated } of pythons313) {
  describe(`Python 3.13 (Pyodide ${pyodide})`, () => {
    let served: DatedWorker;
    before(() => {
      served = new DatedWorker(blocking, { ...dated, toml: "[blockon]\nmax_fibers = 100\n" });
    });
    after(() => served.stop());

    it("is the one that the Worker chooses", async () => {
      assert.equal(served.pyodide, pyodide);
      assert.deepEqual(await served.get("version/0"), { status: 200, text: "3.13" });
    });

    it("keeps what a call has while others run: its stack, its context, its results", async () => {
      const numbers = Array.from({ length: 80 }, (_, index) => index);
      const answers = await Promise.all(numbers.map((number) => served.get(`wait/${number}`)));
      const right = "['of the module', 'of the module', True, True, True]";
      assert.deepEqual(new Set(answers.map(({ text }) => text)), new Set([right]));
    });

    it("waits below C code, and in several tasks of one request", async () => {
      assert.equal((await served.get("sort/0")).text, "[1, 2, 3]");
      assert.equal((await served.get("tasks/0")).text, "[True, True, True, True, True]");
    });

    it("runs what is left of an asynchronous generator that is dropped, as far as Pyodide's loop does", async () => {
      const expected = pyodide === "0.28.3" ? "[1, []]" : "[1, [7]]";
      assert.equal((await served.get("drop_generator/7")).text, expected);
      assert.equal((await served.get("drop_generator/7")).text, expected);
    });

    it("gives each call the error of its own promise", async () => {
      const numbers = Array.from({ length: 20 }, (_, index) => index);
      const answers = await Promise.all(numbers.map((number) => served.get(`reject/${number}`)));
      const expected = numbers.map((number) =>
        number % 2 === 1 ? `Error: reason ${number}` : `a promise was rejected with 'reason ${number}'`,
      );
      assert.deepEqual(
        answers.map(({ text }) => text),
        expected,
      );
    });

    it("says where it cannot block, and goes on", async () => {
      const { status, text } = await served.get("synchronous/0");
      assert.equal(status, 500);
      assert.match(text, /^RuntimeError: Cannot stack switch because the Python entrypoint was a synchronous function/);
      assert.equal((await served.get("foreign/7")).text, "[False, 'RuntimeError', 'again']");
    });

    it("ends deep recursion by an exception", async () => {
      assert.equal(
        (await served.get("recursion/0")).text,
        "['RecursionError', 'RecursionError', 'RecursionError', 'RecursionError']",
      );
    });

    it("refuses more calls than its limit, and answers later ones", async () => {
      const answers = await Promise.allSettled(Array.from({ length: 130 }, () => served.get("hold/0")));
      const refused = answers.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
      assert.ok(refused.length > 0);
      assert.match(String(refused[0]?.reason), /too many fibers: 100 calls are alive, which is the limit \(max_fibers/);
      assert.equal((await served.get("version/0")).text, "3.13");
    });
  });
}

describe("Python 3.13 with run_sync turned off", () => {
  let served: DatedWorker;
  before(() => {
    const entry = blocking.replace(/^run_sync.*$/m, "");
    served = new DatedWorker(entry, { date: "2025-10-01", flags: ["no_python_run_sync"] });
  });
  after(() => served.stop());

  it("names the flag", async () => {
    const { status, text } = await served.get("sort/0");
    assert.equal(status, 500);
    assert.match(text, /^RuntimeError: run_sync cannot block: the compatibility flag python_run_sync is not set/);
  });

  it("ends deep recursion by an exception", async () => {
    assert.equal(
      (await served.get("recursion/0")).text,
      "['RecursionError', 'RecursionError', 'RecursionError', 'RecursionError']",
    );
  });
});
