// isolation = "request": an interpreter that is over a limit takes its own request along, and no other.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createServed } from "../../runtime/cli/create_worker.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import { LimitError } from "../../runtime/pool/exchange.ts";
import type { ServedHost } from "../../runtime/pool/served_host.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import itertools, time
from js import Response

def wait():
    time.sleep(2)

def compute():
    while True:
        pass

def in_c():
    all(itertools.repeat(True))

def on_fetch(request):
    name = request.url.rpartition("/")[2]
    if name:
        globals()[name]()
    return Response.new("answered")
`;

describe("interpreters for requests that are over a limit", () => {
  let folder: WorkerFolder;
  let workers: ServedHost;
  const log: string[] = [];
  before(async () => {
    const settings = 'isolation = "request"\nready_instances = 1\nmax_instances = 4';
    folder = workerFolder(entry, [], `[limits]\ncpu_ms = 300\n[blockon]\n${settings}`);
    workers = createServed(readWorkerConfig(folder.path), {
      onLog: (_level, text) => log.push(text),
      onOutput: () => {},
    });
    await workers.start();
  });
  after(async () => {
    await workers.stop();
    folder.remove();
  });

  const get = async (path: string): Promise<number> => {
    const request = { method: "GET", url: `http://worker.test/${path}`, headers: [], body: null };
    return (await workers.open(request).response).status;
  };
  const isOver = (error: unknown): boolean =>
    error instanceof LimitError && error.limit === "the limit of 300 ms of processor time (cpu_ms)";

  for (const path of ["compute", "in_c"]) {
    it(`end alone: ${path}`, async () => {
      const beside = get("wait");
      await assert.rejects(get(path), isOver);
      assert.equal(await beside, 200);
      assert.equal(await get(""), 200);
      assert.match(log.join("\n"), new RegExp(`GET /${path} is over the limit of 300 ms`));
    });
  }

  it("are counted together, those that have ended as well", async () => {
    const { cpu, resident, memoryMb, cpuMs } = workers.usage;
    assert.ok(cpu > 0.6, `${cpu} s`);
    assert.ok(resident !== null && resident > 0);
    assert.ok(memoryMb >= 512 && memoryMb % 512 === 0);
    assert.equal(cpuMs, 300);
  });

  it("are told of a request whose time is up", async () => {
    const request = { method: "GET", url: "http://worker.test/wait", headers: [], body: null };
    const opened = workers.open(request);
    opened.expire("the request's time is up");
    await assert.rejects(opened.response, /given up before/);
    assert.equal(await get(""), 200);
  });
});
