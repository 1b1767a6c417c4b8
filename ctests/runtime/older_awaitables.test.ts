// What run_sync awaits on Python 3.13: what it gives, raises and lets go first, for promises, coroutines and futures.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DatedWorker, pythons313 } from "./lib/dated_worker.ts";

const entry = `import asyncio
import contextvars
import threading
import traceback

import js
from js import Response
from pyodide.ffi import JsException, JsProxy, create_proxy, run_sync

variable = contextvars.ContextVar("variable", default="outer")


def new_promise(executor):
    """A promise as it is: what a call returns is a future."""
    proxy = create_proxy(executor)
    try:
        return js.Promise.new(proxy)
    finally:
        proxy.destroy()


def fulfilled():
    given = js.Object.new()
    seen = []
    for value in (1, 2.5, "text", None, given):
        promise = new_promise(lambda resolve, reject: resolve(value))
        assert isinstance(promise, JsProxy)
        seen.append(run_sync(promise) == run_sync(promise) == value)
    return seen


def pending():
    return [run_sync(new_promise(lambda resolve, reject: js.setTimeout(resolve, 5, number))) for number in range(3)]


def rejected():
    seen = []
    for late in (False, True):
        for reason in (js.Error.new("an error"), "a text"):
            def reject_it(resolve, reject):
                js.setTimeout(reject, 1, reason) if late else reject(reason)
            try:
                run_sync(new_promise(reject_it))
            except Exception as error:
                seen.append(f"{type(error).__name__}: {error}")
    return seen


def turns():
    """A loop over a promise that is fulfilled leaves the event loop its turns."""
    turned = []
    js.setTimeout(create_proxy(lambda: turned.append(True)), 0)
    promise = new_promise(lambda resolve, reject: resolve(0))
    for count in range(1_000_000):
        run_sync(promise)
        if turned:
            return count < 1_000_000 - 1


def eager():
    seen = []
    asyncio.get_event_loop().call_soon(seen.append, "callback")

    async def never_waits():
        seen.append(asyncio.current_task() is not None)
        variable.set("inner")
        return run_sync(nested())

    async def nested():
        return variable.get()

    return [run_sync(never_waits()), variable.get(), seen]


def waits():
    async def first():
        mine = asyncio.current_task()
        values = [await asyncio.sleep(0.001, number) for number in range(2)]
        run_sync(asyncio.sleep(0.001))
        return [*values, asyncio.current_task() is mine]

    async def outer():
        mine = asyncio.current_task()
        return [run_sync(first()), await first(), asyncio.current_task() is mine]

    return run_sync(outer())


def raised():
    given = KeyError("given")
    seen = []

    async def fail(late):
        if late:
            await asyncio.sleep(0.001)
        raise given

    for late in (False, True):
        try:
            run_sync(fail(late))
        except KeyError as error:
            seen.append(error is given and "in fail" in "".join(traceback.format_tb(error.__traceback__)))
    return seen


def cancelled():
    async def forever():
        await asyncio.Event().wait()

    async def outer():
        task = asyncio.ensure_future(forever())
        asyncio.get_event_loop().call_later(0.001, task.cancel)
        try:
            run_sync(task)
        except asyncio.CancelledError:
            return "cancelled"

    return run_sync(outer())


def futures():
    loop = asyncio.get_event_loop()
    done, later, failed = loop.create_future(), loop.create_future(), loop.create_future()
    done.set_result("done")
    loop.call_later(0.001, later.set_result, "later")
    failed.set_exception(ValueError("failed"))
    seen = [run_sync(done), run_sync(later), run_sync(js.Promise.resolve("of a call"))]
    try:
        run_sync(failed)
    except ValueError as error:
        seen.append(str(error))

    class Awaitable:
        def __await__(self):
            return (yield from asyncio.sleep(0.001, "awaited").__await__())

    return [*seen, run_sync(Awaitable())]


def order():
    """Two that wait for one future go on in their order, and what is scheduled before them has its turn."""
    future = asyncio.get_event_loop().create_future()
    seen = []

    def one(name):
        seen.append(run_sync(future) + name)

    async def all_of_them():
        loop = asyncio.get_event_loop()
        tasks = []
        for name in "abc":
            tasks.append(loop.create_task(asyncio.to_thread(one, name)))
            while len(future._callbacks or []) < len(tasks):
                await asyncio.sleep(0)
        future.set_result("woken ")
        await asyncio.gather(*tasks)

    run_sync(all_of_them())
    return seen


def thread():
    seen = []

    async def where():
        await asyncio.sleep(0)
        return threading.get_ident()

    def body():
        seen.append(threading.get_ident() != main)
        seen.append(run_sync(where()) == main)
        seen.append(run_sync(new_promise(lambda resolve, reject: js.setTimeout(resolve, 1, "promised"))))

    main = threading.get_ident()
    started = threading.Thread(target=body)
    started.start()
    started.join()
    return seen


def factory():
    loop = asyncio.get_event_loop()
    made = []

    def make(loop, coroutine, **settings):
        made.append(coroutine.__name__)
        return asyncio.Task(coroutine, loop=loop, **settings)

    async def coroutine():
        return "result"

    loop.set_task_factory(make)
    try:
        run_sync(coroutine())
    except AttributeError:
        pass  # WebLoop then names the task by what asyncio has not any more
    finally:
        loop.set_task_factory(None)
    return made


def refused():
    seen = []
    for given in (1, "text", js.Object.new()):
        try:
            run_sync(given)
        except TypeError as error:
            seen.append("not awaitable" in str(error) or "can't be used in 'await'" in str(error))
    return seen


def on_fetch(request):
    try:
        return Response.new(str(globals()[request.url.split("/")[-1]]()))
    except BaseException:
        return Response.new(traceback.format_exc(), status=500)
`;

const expected: [what: string, name: string, text: string][] = [
  ["gives the value of a fulfilled promise", "fulfilled", "[True, True, True, True, True]"],
  ["waits for a pending one", "pending", "[0, 1, 2]"],
  [
    "raises what a promise is rejected with",
    "rejected",
    `[${Array(2).fill("'JsException: Error: an error', 'JsException: Error: a text'").join(", ")}]`,
  ],
  ["leaves the event loop its turns", "turns", "True"],
  ["runs a coroutine that never waits at once, in a context of its own", "eager", "['inner', 'outer', [True]]"],
  ["keeps each task the current one of its own code", "waits", "[[0, 1, True], [0, 1, True], True]"],
  ["raises the coroutine's own exception", "raised", "[True, True]"],
  ["raises a cancellation", "cancelled", "cancelled"],
  ["takes futures and other awaitables", "futures", "['done', 'later', 'of a call', 'failed', 'awaited']"],
  ["wakes those that wait in their order", "order", "['woken a', 'woken b', 'woken c']"],
  ["runs a thread's coroutine on the main thread", "thread", "[True, True, 'promised']"],
  ["leaves tasks to the loop's factory", "factory", "['coroutine']"],
  ["refuses what is not awaitable", "refused", "[True, True, True]"],
];

for (const { pyodide, ...dated } of pythons313) {
  describe(`run_sync of Pyodide ${pyodide}`, () => {
    let worker: DatedWorker;
    before(() => {
      worker = new DatedWorker(entry, dated);
    });
    after(() => worker.stop());

    for (const [what, name, text] of expected) {
      it(what, async () => {
        assert.equal(await worker.text(name), text);
        assert.deepEqual(worker.log, []);
      });
    }
  });
}
