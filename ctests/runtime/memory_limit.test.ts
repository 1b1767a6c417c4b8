// What a Worker's stacks hold counts, beside the heap, which has a limit of its own.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createWorker } from "../../runtime/cli/create_worker.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import { LimitError } from "../../runtime/pool/exchange.ts";
import type { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio
import js
from js import Response
from pyodide.ffi import run_sync

def deep(depth):
    if depth:
        return sorted([0], key=lambda _: deep(depth - 1))
    run_sync(js.scheduler.wait(60_000))

async def one():
    deep(100)

async def many():
    await asyncio.gather(*[one() for _ in range(2000)])

def on_fetch(request):
    if request.url.endswith("/stacks"):
        run_sync(many())
    return Response.new("answered")
`;

describe("the memory of a Worker", () => {
  let folder: WorkerFolder;
  let worker: WorkerHost;
  const log: string[] = [];
  before(() => {
    folder = workerFolder(entry, [], "[blockon.limits]\nmemory_mb = 64");
    worker = createWorker(readWorkerConfig(folder.path), {
      onLog: (_level, text) => log.push(text),
      onOutput: () => {},
    });
  });
  after(async () => {
    await worker.stop();
    folder.remove();
  });

  const get = async (path: string): Promise<number> => {
    const request = { method: "GET", url: `http://worker.test/${path}`, headers: [], body: null };
    return (await worker.open(request).response).status;
  };

  it("has a limit for stacks, too, beyond which it is started again", async () => {
    assert.equal(await get(""), 200);
    const { resident } = worker.usage;
    assert.ok(resident !== null && resident > 0 && resident < 64 * 1024 * 1024);
    await assert.rejects(get("stacks"), (error) => {
      assert.ok(error instanceof LimitError, String(error));
      assert.equal(error.limit, "the limit of 64 MiB of memory (memory_mb)");
      return true;
    });
    assert.match(log.join("\n"), /the Worker was lost: it is over the limit of 64 MiB of memory .*: \d+ MiB are held/);
    assert.equal(await get(""), 200);
    assert.equal(worker.starts, 2);
  });
});
