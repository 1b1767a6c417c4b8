// The limits of Workers on older Pythons: an exception where their code computes, and where their memory ends.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createWorker } from "../../runtime/cli/create_worker.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import type { Exchange } from "../../runtime/pool/exchange.ts";
import type { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

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

const pythons: [pyodide: string, date: string, flags: readonly string[], canWait: boolean][] = [
  ["0.26.4", "2025-02-01", [], false],
  ["0.28.3", "2025-10-01", [], true],
  ["0.29.5", "2026-10-01", ["python_3.13_packages_2025_12_01"], true],
];

for (const [pyodide, date, flags, canWait] of pythons) {
  describe(`Pyodide ${pyodide}`, () => {
    let folder: WorkerFolder;
    let worker: WorkerHost;
    const log: string[] = [];
    before(() => {
      folder = workerFolder(entry);
      folder.write(
        "wrangler.toml",
        `name = "test"\nmain = "src/entry.py"\ncompatibility_date = "${date}"\n` +
          `compatibility_flags = ${JSON.stringify(["python_workers", ...flags])}\n${toml}`,
      );
      const config = readWorkerConfig(folder.path, { today: "2026-11-01" });
      assert.equal(config.python.runs.version, pyodide);
      worker = createWorker(config, {
        onLog: (_level, text) => log.push(text),
        onOutput: (_stream, text) => log.push(text),
      });
    });
    after(async () => {
      await worker.stop();
      folder.remove();
    });

    const open = (path: string): Exchange =>
      worker.open({ method: "GET", url: `http://worker.test/${path}`, headers: [], body: null });
    const text = async (path: string): Promise<string> => {
      const { body } = await open(path).response;
      const bytes = body instanceof Uint8Array ? body : Buffer.concat((await body?.toArray()) ?? []);
      return new TextDecoder().decode(bytes);
    };
    const overCpu = /the limit of 300 ms of processor time \(cpu_ms\)/;

    it("raises LimitExceeded where the code computes, which is no Exception, and goes on", async () => {
      assert.equal(await text(""), "hello");
      await assert.rejects(open("finish").response, overCpu);
      assert.match(
        log.join("\n"),
        /GET \S*\/finish is over the limit of 300 ms of processor time \(cpu_ms\): it is ended/,
      );
      assert.match(log.join("\n"), /cleaned up/);
      assert.doesNotMatch(log.join("\n"), /caught as an Exception/);
      assert.match(await text("catch"), /^the request is over its limit/);
      assert.equal(await text(""), "hello");
      assert.equal(worker.starts, 1);
    });

    if (canWait) {
      it("ends the call that computes, and none of those that wait", async () => {
        const waiting = Array.from({ length: 20 }, () => text("wait"));
        const { length } = log;
        await assert.rejects(open("wait_and_compute").response, overCpu);
        assert.match(log.slice(length).join("\n"), /cleaned up/);
        assert.deepEqual(new Set(await Promise.all(waiting)), new Set(["waited"]));
        assert.equal(worker.starts, 1);
      });
    }

    it("refuses memory beyond the limit, and gives what is free again", async () => {
      const [, held] = /^MemoryError after (\d+) MiB$/.exec(await text("memory")) ?? [];
      assert.ok(Number(held) >= 32 && Number(held) <= 96, `${held} MiB`);
      assert.equal(await text("in_one_piece"), "MemoryError");
      assert.equal(await text("again"), String(32 * 1024 * 1024));
      const { resident } = worker.usage;
      assert.ok(resident !== null && resident > 8 * 1024 * 1024 && resident < 120 * 1024 * 1024, `${resident}`);
      assert.equal(worker.starts, 1);
    });

    for (const [path, why] of [
      ["refuse", /refuse is over its limit, was told to end and computes on/],
      ["in_c", /in_c is over the limit .*, in code that cannot be interrupted/],
      ["unheard", /unheard is over the limit .*, in code that cannot be interrupted/],
    ] as const) {
      it(`ends the Worker where code does not end by that: ${path}`, async () => {
        const { starts } = worker;
        await assert.rejects(open(path).response, overCpu);
        assert.match(log.findLast((line) => /the Worker was lost/.test(line)) ?? "", why);
        assert.equal(await text(""), "hello");
        assert.equal(worker.starts, starts + 1);
      });
    }
  });
}
