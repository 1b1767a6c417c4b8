// The limits of Workers on older Pythons: an exception where their code computes, and where their memory ends.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DatedWorker, pythons313 } from "./lib/dated_worker.ts";

const entry = `import asyncio
import itertools
import signal

from blockon import LimitExceeded
from js import Response

kept = []


def compute():
    total = 0
    while True:
        total += len(range(3))


def finish():
    try:
        compute()
    except Exception:
        print("caught as an Exception")
    finally:
        print("cleaned up")


def catch():
    try:
        compute()
    except LimitExceeded as error:
        return str(error)


def refuse():
    while True:
        try:
            compute()
        except BaseException as error:
            print("caught", type(error).__name__)


def unheard():
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    compute()


def in_c():
    all(itertools.repeat(True))


def memory():
    try:
        while True:
            kept.append(bytearray(8 * 1024 * 1024))
    except MemoryError:
        held = len(kept) * 8
        kept.clear()
        return f"MemoryError after {held} MiB"


def in_one_piece():
    try:
        return str(len(bytearray(1_000_000_000)))
    except MemoryError:
        return "MemoryError"


def again():
    return str(len(bytearray(32 * 1024 * 1024)))


def wait_and_compute():
    from pyodide.ffi import run_sync

    run_sync(asyncio.sleep(0.01))
    sorted(range(3), key=lambda each: run_sync(asyncio.sleep(0.01, each)))
    finish()


def wait():
    from pyodide.ffi import run_sync

    return run_sync(asyncio.sleep(1, "waited"))


def on_fetch(request):
    name = request.url.rsplit("/", 1)[1]
    return Response.new(globals()[name]() if name else "hello")
`;

const toml = `[limits]
cpu_ms = 300
[blockon.limits]
memory_mb = 96
`;

const pythons = [
  { pyodide: "0.26.4", date: "2025-02-01", canWait: false },
  ...pythons313.map((python) => ({ ...python, canWait: true })),
];

for (const { pyodide, canWait, ...dated } of pythons) {
  describe(`Pyodide ${pyodide}`, () => {
    let worker: DatedWorker;
    before(() => {
      worker = new DatedWorker(entry, { ...dated, toml });
      assert.equal(worker.pyodide, pyodide);
    });
    after(() => worker.stop());

    const overCpu = /the limit of 300 ms of processor time \(cpu_ms\)/;

    it("raises LimitExceeded where the code computes, which is no Exception, and goes on", async () => {
      assert.equal(await worker.text(""), "hello");
      await assert.rejects(worker.open("finish").response, overCpu);
      assert.match(
        worker.log.join("\n"),
        /GET \S*\/finish is over the limit of 300 ms of processor time \(cpu_ms\): it is ended/,
      );
      assert.match(worker.log.join("\n"), /cleaned up/);
      assert.doesNotMatch(worker.log.join("\n"), /caught as an Exception/);
      assert.match(await worker.text("catch"), /^the request is over its limit/);
      assert.equal(await worker.text(""), "hello");
      assert.equal(worker.host.starts, 1);
    });

    if (canWait) {
      it("ends the call that computes, and none of those that wait", async () => {
        const waiting = Array.from({ length: 20 }, () => worker.text("wait"));
        const { length } = worker.log;
        await assert.rejects(worker.open("wait_and_compute").response, overCpu);
        assert.match(worker.log.slice(length).join("\n"), /cleaned up/);
        assert.deepEqual(new Set(await Promise.all(waiting)), new Set(["waited"]));
        assert.equal(worker.host.starts, 1);
      });
    }

    it("refuses memory beyond the limit, and gives what is free again", async () => {
      const [, held] = /^MemoryError after (\d+) MiB$/.exec(await worker.text("memory")) ?? [];
      assert.ok(Number(held) >= 32 && Number(held) <= 96, `${held} MiB`);
      assert.equal(await worker.text("in_one_piece"), "MemoryError");
      assert.equal(await worker.text("again"), String(32 * 1024 * 1024));
      const { resident } = worker.host.usage;
      assert.ok(resident !== null && resident > 8 * 1024 * 1024 && resident < 120 * 1024 * 1024, `${resident}`);
      assert.equal(worker.host.starts, 1);
    });

    for (const [path, why] of [
      ["refuse", /refuse is over its limit, was told to end and computes on/],
      ["in_c", /in_c is over the limit .*, in code that cannot be interrupted/],
      ["unheard", /unheard is over the limit .*, in code that cannot be interrupted/],
    ] as const) {
      it(`ends the Worker where code does not end by that: ${path}`, async () => {
        const { starts } = worker.host;
        await assert.rejects(worker.open(path).response, overCpu);
        assert.match(worker.log.findLast((line) => /the Worker was lost/.test(line)) ?? "", why);
        assert.equal(await worker.text(""), "hello");
        assert.equal(worker.host.starts, starts + 1);
      });
    }
  });
}
