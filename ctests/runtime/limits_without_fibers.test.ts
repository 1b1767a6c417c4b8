// Requests over a limit that wait or compute in a coroutine: on older Pythons, where no fiber can be reached, and without run_sync.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createWorker } from "../../runtime/cli/create_worker.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import type { Exchange } from "../../runtime/pool/exchange.ts";
import type { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `import asyncio

from js import Response


async def stay():
    try:
        await asyncio.sleep(3600)
    finally:
        print("the task was cancelled")


async def compute():
    while True:
        pass


async def turn():
    while True:  # and gives way all the time
        await asyncio.sleep(0)


async def on_fetch(request):
    name = request.url.rsplit("/", 1)[1]
    if name:
        await globals()[name]()
    return Response.new("hello")
`;

const pythons: [what: string, date: string, flags: readonly string[]][] = [
  ["Python 3.12", "2025-02-01", []],
  ["Python 3.13", "2025-10-01", []],
  ["today's Python without run_sync", "2026-10-01", ["no_python_run_sync"]],
];

for (const [what, date, flags] of pythons) {
  describe(what, () => {
    let folder: WorkerFolder;
    let worker: WorkerHost;
    const log: string[] = [];
    before(() => {
      folder = workerFolder(entry);
      folder.write(
        "wrangler.toml",
        `name = "test"\nmain = "src/entry.py"\ncompatibility_date = "${date}"\n` +
          `compatibility_flags = ${JSON.stringify(["python_workers", ...flags])}\n[limits]\ncpu_ms = 300\n`,
      );
      worker = createWorker(readWorkerConfig(folder.path, { today: "2026-11-01" }), {
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
    const hello = async (): Promise<void> => assert.equal((await open("").response).status, 200);

    it("ends a coroutine that waits when its time is up", async () => {
      await hello();
      const exchange = open("stay");
      const ended = assert.rejects(exchange.response, /time is up/);
      await hello();
      exchange.expire("the request's time is up");
      await ended;
      assert.match(log.join("\n"), /the task was cancelled/);
      await hello();
      assert.equal(worker.starts, 1);
    });

    for (const name of ["compute", "turn"]) {
      it(`ends what computes on, and nothing else: ${name}`, async () => {
        const { starts } = worker;
        await assert.rejects(open(name).response, /the limit of 300 ms of processor time \(cpu_ms\)/);
        await hello();
        assert.equal(worker.starts, starts);
      });
    }
  });
}
