// isolation = "request": when an interpreter begins and ends, and what waits for one.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket as Client } from "ws";
import { createServed, workerOptions } from "../../runtime/cli/create_worker.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import type { Log } from "../../runtime/log.ts";
import { type GuestRequest, WorkerBusyError } from "../../runtime/pool/exchange.ts";
import { FreshWorkers, type PooledHost } from "../../runtime/pool/fresh_workers.ts";
import type { WorkerHostOptions } from "../../runtime/pool/host_options.ts";
import { startServer } from "../../runtime/server/http.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio, os, time
import js
from js import Response
from pyodide.ffi import create_proxy, run_sync, to_js
from workers import WorkerEntrypoint, asgi

calls = 0

async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        assert (await receive())["type"] == "lifespan.startup"
        print("begins")
        await send({"type": "lifespan.startup.complete"})
        assert (await receive())["type"] == "lifespan.shutdown"
        print("ends")
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"answered"})
    await asyncio.sleep(0.2)
    await scope["env"].KV.put("background", "done")

async def later(env, key):
    await asyncio.sleep(0.2)
    await env.KV.put(key, "done")

async def pieces(controller):
    for i in range(5):
        await asyncio.sleep(0.02)
        controller.enqueue(to_js(b"%d " % i))
    controller.close()

def socket():
    client, server = js.WebSocketPair.new().object_values()
    server.accept()
    server.addEventListener("message", create_proxy(lambda event: server.send(f"{event.data} {calls}")))
    return Response.new(None, status=101, webSocket=client)

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        global calls
        calls += 1
        what = request.url.rpartition("/")[2]
        if what == "lasts":
            self.ctx.waitUntil(later(self.env, "lasts"))
        elif what == "asgi":
            return await asgi.fetch(application, request, self.env, self.ctx)
        elif what == "exit":
            os._exit(3)
        elif what == "sleep":
            time.sleep(0.3)
        elif what == "stream":
            return Response.new(js.ReadableStream.new(start=create_proxy(pieces)))
        elif what == "socket":
            return socket()
        elif what == "self":
            return Response.new(f"{await self.env.SELF.count()} {calls}")
        elif what.startswith("get-"):
            return Response.new(await self.env.KV.get(what[4:]) or "-")
        return Response.new(f"{calls}")

    def count(self):
        global calls
        calls += 10
        return calls

    async def scheduled(self, controller, env, ctx):
        global calls
        calls += 1
        await self.env.KV.put("scheduled", f"{calls}")
`;

const toml = (settings: string): string => `
[[kv_namespaces]]
binding = "KV"

[[services]]
binding = "SELF"
service = "test"

[blockon]
isolation = "request"
${settings}
`;

describe("blockon serve of a Worker with an interpreter for each request", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(entry, [], toml("max_instances = 3\nready_instances = 1"));
    server = await ServeProcess.start(folder.path, undefined, undefined, "--test-scheduled");
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  const text = async (target: string): Promise<string> => {
    const response = await server.get(target);
    return `${response.status} ${(await response.text()).split("\n")[0]}`;
  };
  const becomes = async (target: string, expected: string): Promise<void> => {
    for (;;) {
      const found = await text(target);
      if (found === expected) return;
      assert.equal(found, "200 -");
    }
  };

  it("answers more requests at once than there may be interpreters, in turn", async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => text("/sleep")));
    assert.deepEqual(all, Array(8).fill("200 1"));
  });

  it("lets what waitUntil is given go on to its end", async () => {
    assert.equal(await text("/lasts"), "200 1");
    await becomes("/get-lasts", "200 done");
  });

  it("lets an application go on behind its answer, and shuts its lifespan down", async () => {
    assert.equal(await text("/asgi"), "200 answered");
    await becomes("/get-background", "200 done");
    await server.logged(/^begins /);
    await server.logged(/^ends /);
  });

  it("loses one request to an interpreter's end", async () => {
    const [lost, ...others] = await Promise.all([text("/exit"), text("/sleep"), text("/sleep")]);
    assert.equal(lost, "500 Internal Server Error");
    assert.deepEqual(others, ["200 1", "200 1"]);
    assert.equal(await text("/"), "200 1");
  });

  it("keeps it for a body that comes in pieces, and for a WebSocket", async () => {
    assert.equal(await text("/stream"), "200 0 1 2 3 4 ");
    const client = new Client(`${server.url.replace("http", "ws")}/socket`);
    await once(client, "open");
    for (const word of ["a", "b"]) {
      client.send(word);
      assert.equal(String((await once(client, "message"))[0]), `${word} 1`);
    }
    client.close(1000);
    await once(client, "close");
  });

  it("has one for each call and each trigger, too", async () => {
    for (let i = 0; i < 2; i++) assert.equal(await text("/self"), "200 10 1");
    for (let i = 0; i < 2; i++) {
      assert.equal(await text("/__scheduled?cron=*+*+*+*+*"), "200 Ran scheduled event");
      assert.equal(await text("/get-scheduled"), "200 1");
    }
  });

  it("says when its module cannot be loaded, to each request, until that is mended", async () => {
    const broken = workerFolder("raise ValueError('of the module')\n", [], '[blockon]\nisolation = "request"\n');
    const other = await ServeProcess.start(broken.path);
    try {
      await other.logged(/the Worker could not be loaded[\s\S]*ValueError: of the module/);
      assert.equal((await other.get()).status, 500);
      broken.write("src/entry.py", "from js import Response\ndef on_fetch(request): return Response.new('mended')\n");
      assert.equal(await (await other.get()).text(), "mended");
    } finally {
      assert.equal(await other.stop(), 0);
      broken.remove();
    }
  });
});

describe("interpreters for requests", () => {
  let folder: WorkerFolder;
  const logs: string[] = [];
  before(() => {
    folder = workerFolder(
      `
import asyncio, os, threading
from js import Response

def on_fetch(request, env, ctx):
    what = str(request.url).rpartition("/")[2]
    if what == "lasts":
        ctx.waitUntil(asyncio.sleep(3600))
    elif what == "forever":
        while True:
            pass
    return Response.new("answered")
`,
      [],
      '[blockon]\nisolation = "request"\n',
    );
  });
  after(() => folder.remove());

  const fresh = (most: number, limits: { lastingMs?: number; waitMs?: number }): FreshWorkers => {
    const config = readWorkerConfig(folder.path);
    return new FreshWorkers({
      name: "fresh",
      ready: 1,
      most,
      ...limits,
      describe: () => workerOptions(config, {}),
      onLog: (_, text) => logs.push(text),
      onOutput: () => {},
    });
  };
  const request = (what: string): GuestRequest => ({ method: "GET", url: `http://a/${what}`, headers: [], body: null });
  const gone = async (workers: FreshWorkers): Promise<void> => {
    while (workers.starts < 2) await sleep(10);
  };

  it("end a while after the answer, whatever waitUntil was given", async () => {
    const workers = fresh(1, { lastingMs: 50 });
    assert.equal((await workers.open(request("lasts")).response).status, 200);
    await gone(workers);
    assert.match(logs.at(-1) ?? "", /^what was given to waitUntil is ended: it went on for 0.05 s/);
    assert.equal((await workers.open(request("")).response).status, 200);
    await workers.stop();
  });

  it("end a while after the request was given up", async () => {
    const workers = fresh(1, { lastingMs: 50 });
    await workers.start();
    const opened = workers.open(request("forever"));
    await sleep(50);
    opened.cancel("the client disconnected");
    assert.equal(opened.isCancelled, true);
    await assert.rejects(opened.response, /the Worker was lost/);
    assert.match(logs.at(-1) ?? "", /^the handler is ended: it went on for 0.05 s/);
    assert.equal((await workers.open(request("")).response).status, 200);
    await workers.stop();
  });

  /** Interpreters whose events last until they are ended from here. */
  const held = (lastingMs: number) => {
    const under: PromiseWithResolvers<Uint8Array>[] = [];
    const names: (string | undefined)[] = [];
    const newHost = ({ onProgress, onCall }: WorkerHostOptions): PooledHost => {
      let isRunning = true;
      let underWay = 0;
      const end = async () => {
        isRunning = false;
        for (const each of under.splice(0)) each.reject(new Error("it was ended"));
      };
      return {
        start: async () => {},
        send: async () => {
          await onCall?.({ binding: "", method: "", bytes: new Uint8Array(0), depth: 0 });
          const event = Promise.withResolvers<Uint8Array>();
          under.push(event);
          underWay++;
          const ended = () => {
            underWay--;
            onProgress?.();
          };
          event.promise.then(ended, ended);
          return event.promise;
        },
        stop: end,
        terminate: end,
        get underWay() {
          return underWay;
        },
        get isOccupied() {
          return underWay > 0;
        },
        get isRunning() {
          return isRunning;
        },
        report: () => Promise.reject(new Error("nobody asks")),
        usage: { cpu: 0, resident: 0, memoryMb: 0, cpuMs: 0 },
      };
    };
    const workers = new FreshWorkers({
      name: "held",
      ready: 1,
      most: 1,
      lastingMs,
      newHost,
      describe: () => assert.fail("none is started"),
      onCall: async ({ interpreter }) => {
        names.push(interpreter);
        return { bytes: new Uint8Array(0), owner: "" };
      },
      onLog: (_, text) => logs.push(text),
      onOutput: () => {},
    });
    const finish = (at: number) => under.splice(at, 1)[0]?.resolve(new Uint8Array(0));
    return { workers, under, names, finish };
  };
  const event = { event: "call", json: "{}", bytes: null } as const;

  it("answer calls of functions as long as they have their request, and a while beside", async () => {
    const { workers, under, names, finish } = held(50);
    logs.length = 0;
    const request = workers.send(event);
    while (under.length === 0) await sleep(1);
    const [interpreter] = names;
    assert.equal(interpreter, "1.0");
    const callFunction = () => workers.send({ ...event, event: "function", interpreter });
    const other = { ...event, event: "function", interpreter: "2.0" } as const;
    await assert.rejects(workers.send(other), /a function or a stream of a Worker with isolation = "request" is gone/);
    // It has its request for longer than what comes behind that may take.
    for (let i = 0; i < 5; i++) {
      const called = callFunction();
      await sleep(20);
      finish(1);
      await called;
    }
    assert.deepEqual(logs, []);
    const called = callFunction();
    while (under.length < 2) await sleep(1);
    finish(0);
    await request;
    // There is always one.
    let before = called;
    await assert.rejects(async () => {
      for (;;) {
        const next = callFunction();
        next.catch(() => {});
        await sleep(1);
        finish(0);
        await before;
        before = next;
      }
    }, /it was ended|is gone when/);
    assert.deepEqual(logs, [
      "calls of its functions are ended: they went on for 0.05 s after the answer, or after the request was given up",
    ]);
    await workers.stop();
  });

  it("are waited for for so long", async () => {
    const workers = fresh(1, { waitMs: 3000, lastingMs: 3_600_000 });
    const first = workers.open(request("lasts"));
    assert.equal((await first.response).status, 200);
    const second = workers.open(request(""));
    assert.equal(workers.underWay, 1);
    const third = workers.open(request(""));
    third.cancel("the client disconnected");
    await assert.rejects(third.response, /given up before its turn/);
    await assert.rejects(second.response, (error: Error) => {
      return error instanceof WorkerBusyError && /max_instances of \[blockon\] is 1/.test(error.message);
    });
    assert.match((await workers.report(false)).detail ?? "", /0 ready, 1 taken, 0 starting, 0 ending$/);
    const refused = assert.rejects(workers.open(request("")).response, /the Worker was stopped/);
    await workers.stop();
    await refused;
    assert.equal(workers.starts, 1);
  });

  it("are not there for now, which clients are told", async () => {
    const response = Promise.reject(new WorkerBusyError("no interpreter was free", "no interpreter was free in time"));
    response.catch(() => {});
    const busy = { open: () => ({ response, isCancelled: false, cancel() {}, expire() {} }) };
    const lines: string[] = [];
    const log = { warn: (text: string) => lines.push(text) } as unknown as Log;
    const server = await startServer(busy, log, { host: "127.0.0.1", port: 0 });
    const answer = await fetch(server.url);
    assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "1"]);
    assert.match(await answer.text(), /^Service Unavailable: no interpreter was free in time/);
    assert.deepEqual(lines, ["no interpreter was free"]);
    await server.close();
  });

  it("are the Worker's by its configuration", () => {
    assert.ok(
      createServed(readWorkerConfig(folder.path), { onLog: () => {}, onOutput: () => {} }) instanceof FreshWorkers,
    );
  });
});
