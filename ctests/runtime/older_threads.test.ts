// Threads and locks on Python 3.13, which are calls of the glue's (patches/0.28.3/0010-fibers.toml).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { DatedWorker, pythons313 } from "./lib/dated_worker.ts";

const entry = readFileSync(path.join(import.meta.dirname, "lib", "older_threads.py"), "utf8");

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

const waits = "import asyncio\nfrom pyodide.ffi import run_sync\n";
const files = {
  "slow.py": `${waits}run_sync(asyncio.sleep(0.1))\nvalue = "imported"\n`,
  "slower.py": `${waits}run_sync(asyncio.sleep(0.1))\nvalue = "imported"\n`,
  "circle_a.py": `${waits}run_sync(asyncio.sleep(0.05))\nimport circle_b\nname = "a"\n`,
  "circle_b.py": `${waits}run_sync(asyncio.sleep(0.05))\nimport circle_a\nname = "b"\n`,
};

for (const { pyodide, ...dated } of pythons313) {
  const toml = "[limits]\ncpu_ms = 2500\n[blockon]\nmax_fibers = 200\n";

  describe(`threads and locks of Pyodide ${pyodide}`, () => {
    let worker: DatedWorker;
    before(() => {
      worker = new DatedWorker(entry, { ...dated, toml }, files);
      assert.equal(worker.pyodide, pyodide);
    });
    after(() => worker.stop());
    const get = (name: string): Promise<string> => worker.text(name);

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
      assert.equal(await get("pool"), "120");
      assert.equal(await get("to_thread"), "[0, 1, 2, 3, 4]");
      assert.equal(await get("raw"), "[True, True]");
    });

    it("tells what a thread fails with, and starts none twice", async () => {
      assert.equal(await get("fails"), "threads can only be started once");
      assert.match(worker.log.join("\n"), /Exception in thread Thread-\d+ \(fail\):.*ValueError: of the thread/s);
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
      for (let i = 0; i < 3; i++) assert.equal(await get(""), "hello");
      assert.equal(await get("end_of_spin"), "told");
      assert.equal(await spinning, "both went on");
      assert.equal(await get("spin_with_locks"), "12000");
      assert.equal(await get("made_before"), "{'blockon._locks'}");
    });

    it("ends a thread that computes beyond the request's limit", async () => {
      const { starts } = worker.host;
      assert.equal(await get("compute"), "ended");
      assert.match(worker.log.join("\n"), /in work\n.*LimitExceeded/s);
      assert.equal(worker.host.starts, starts);
    });
  });

  describe(`workers.wsgi of Pyodide ${pyodide}`, () => {
    let worker: DatedWorker;
    before(() => {
      worker = new DatedWorker(wsgi, { ...dated, toml });
    });
    after(() => worker.stop());

    it("has an application on threads, several at a time", async () => {
      const numbers = Array.from({ length: 20 }, (_, index) => String(index));
      const answers = await Promise.all(numbers.map((number) => worker.text(number, `body ${number}`)));
      assert.deepEqual(
        answers,
        numbers.map((number) => `body ${number} on WSGI`),
      );
    });
  });
}
