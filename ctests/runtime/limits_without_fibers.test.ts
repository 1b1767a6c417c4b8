// Requests over a limit that wait or compute in a coroutine: on older Pythons, where no fiber can be reached, and without run_sync.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DatedWorker } from "./lib/dated_worker.ts";

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
    let worker: DatedWorker;
    before(() => {
      worker = new DatedWorker(entry, { date, flags, toml: "[limits]\ncpu_ms = 300\n" });
    });
    after(() => worker.stop());

    const hello = async (): Promise<void> => assert.equal((await worker.open("").response).status, 200);

    it("ends a coroutine that waits when its time is up", async () => {
      await hello();
      const exchange = worker.open("stay");
      const ended = assert.rejects(exchange.response, /time is up/);
      await hello();
      exchange.expire("the request's time is up");
      await ended;
      assert.match(worker.log.join("\n"), /the task was cancelled/);
      await hello();
      assert.equal(worker.host.starts, 1);
    });

    // Where each turn is short the limit may be met in the event loop's own code, which has to go on.
    for (const [name, times] of [
      ["compute", 1],
      ["turn", 8],
    ] as const) {
      it(`ends what computes on, and nothing else: ${name}`, async () => {
        const { starts } = worker.host;
        for (let time = 0; time < times; time++) {
          await assert.rejects(worker.open(name).response, /the limit of 300 ms of processor time \(cpu_ms\)/);
        }
        await hello();
        assert.equal(worker.host.starts, starts);
      });
    }
  });
}
