// Threads of Python 3.13 that give way at every place at which they may (shims_older/blockon/_slices.py), and what a call takes along when it
// waits (jspi/guest_older/call_state.cc).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { DatedWorker, pythons313 } from "./lib/dated_worker.ts";

const entry = readFileSync(path.join(import.meta.dirname, "lib", "older_slices.py"), "utf8");

const wsgi = `import sys
import time

from workers import wsgi

sys.setswitchinterval(1e-6)


def app(environ, start_response):
    number = int(environ["PATH_INFO"][1:])
    for _ in range(number):
        pass
    body = environ["wsgi.input"].read(10)
    time.sleep(0.001)
    start_response("200 OK", [])
    return [body, b" of ", str(number).encode()]


Default = wsgi.entrypoint(app)
`;

for (const { pyodide, ...dated } of pythons313) {
  describe(`threads of Pyodide ${pyodide} that give way at all places`, () => {
    let worker: DatedWorker;
    before(() => {
      worker = new DatedWorker(entry, dated);
      assert.equal(worker.pyodide, pyodide);
    });
    after(() => worker.stop());
    const get = (name: string): Promise<string> => worker.text(name);

    it("find all as if they were alone", async () => {
      assert.equal(await get("at_all_places"), "as alone");
      assert.equal(await get("while_they_sleep"), "as alone");
      assert.equal(await get("interval"), "1e-06");
      assert.equal(worker.host.starts, 1);
    });

    it("have no loop, and leave the loop and the tasks of others alone", async () => {
      assert.equal(await get("loop_after_thread"), "True");
      assert.match(
        await get("run_on_thread"),
        /^\[5, 'asyncio.Runner on a thread: a loop of its own is not there on .*', 5\]$/,
      );
      assert.equal(await get("task_of_its_own"), "{True}");
    });

    it("end with what is theirs, which cannot wait then", async () => {
      assert.equal(await get("destructor_that_waits"), "['RuntimeError']");
    });

    it("hold up nobody who starts them, where they do not begin", async () => {
      assert.equal(await get("unbegun"), "went on");
      assert.match(worker.log.join("\n"), /ValueError: before its begin/);
    });
  });

  describe(`workers.wsgi of Pyodide ${pyodide}, whose threads give way at all places`, () => {
    let worker: DatedWorker;
    before(() => {
      worker = new DatedWorker(wsgi, dated);
    });
    after(() => worker.stop());

    it("answers each request", async () => {
      const numbers = Array.from({ length: 120 }, (_, index) => index);
      const answers = await Promise.all(numbers.map((number) => worker.text(`${number}`, `body ${number}`)));
      assert.deepEqual(
        answers,
        numbers.map((number) => `body ${number} of ${number}`),
      );
      assert.equal(worker.host.starts, 1);
    });
  });
}
