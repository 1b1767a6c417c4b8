// [blockon.limits] wall_ms and max_requests: how long what a Worker is given may take, and how much of it there may be at the same time.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { blockon, ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio, time
import js
from js import Response
from workers import WorkerEntrypoint
from blockon import LimitExceeded

async def pieces(writer):
    for piece in "abc":
        await asyncio.sleep(0.4)
        await writer.write(js.TextEncoder.new().encode(piece))
    await writer.close()

def wait(what):
    try:
        time.sleep(60)
    except LimitExceeded as error:
        print(f"{what} was told: {error}")
        raise
    finally:
        print(f"{what} cleaned up")

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        path = js.URL.new(request.url).pathname
        if path == "/sleep":
            wait("a request")
        if path == "/await":
            try:
                await asyncio.sleep(60)
            finally:
                print("a coroutine cleaned up")
        if path == "/compute":
            while True:
                pass
        if path == "/stream":
            stream = js.TransformStream.new()
            self.ctx.waitUntil(pieces(stream.writable.getWriter()))
            return Response.new(stream.readable)
        if path == "/late":
            try:
                time.sleep(60)
            except LimitExceeded:
                return Response.new("too late")
        if path == "/hold":
            await asyncio.sleep(4)
            return Response.new("held")
        return Response.new("hello")

    async def scheduled(self, controller):
        wait("a trigger")

    def slow(self):
        wait("a call")
`;

const caller = `
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        try:
            return Response(await self.env.SLOW.slow())
        except Exception as error:
            return Response(f"{type(error).__name__}: {error}")
`;

const wallText = /^Service Unavailable: the limit of 1000 ms of time \(wall_ms\)\nid: [-0-9a-f]{36}\n$/;
/** Of a server that does nothing else, to what is done in no time. */
const soonMs = 20_000;

async function serveWith(toml: string, ...args: string[]): Promise<{ folder: WorkerFolder; server: ServeProcess }> {
  const folder = workerFolder(entry, [], toml);
  return { folder, server: await ServeProcess.start(folder.path, blockon, process.env, ...args) };
}

describe("what takes longer than wall_ms", () => {
  let folder: WorkerFolder;
  let other: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    other = workerFolder(caller, [], 'routes = ["127.0.0.1/call"]\n[[services]]\nbinding = "SLOW"\nservice = "test"\n');
    other.write(
      "wrangler.toml",
      `name = "caller"\nmain = "src/entry.py"\ncompatibility_date = "2026-10-01"\ncompatibility_flags = ["python_workers"]\n` +
        'routes = ["127.0.0.1/call"]\n[[services]]\nbinding = "SLOW"\nservice = "test"\n',
    );
    ({ folder, server } = await serveWith("[blockon.limits]\nwall_ms = 1000\n", other.path, "--test-scheduled"));
    assert.equal(await (await server.get("/")).text(), "hello");
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
    other.remove();
  });
  const ends = (what: string): Promise<unknown> => server.logged(new RegExp(`^${what} cleaned up`));

  it("is told to its client, and ended where it waits, while others are answered", async () => {
    const asked = server.get("/sleep");
    assert.equal(await (await server.get("/")).text(), "hello");
    const answer = await asked;
    assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "1"]);
    assert.match(await answer.text(), wallText);
    await server.logged(/^GET \/sleep: the limit of 1000 ms of time \(wall_ms\); it goes on and is ended/);
    await server.logged(/^a request was told: the limit of 1000 ms of time \(wall_ms\)/);
    await ends("a request");
  });

  it("is ended where it awaits, and where it computes", async () => {
    for (const path of ["/await", "/compute"]) {
      const answer = await server.get(path);
      assert.equal(answer.status, 503);
      assert.match(await answer.text(), wallText);
    }
    await ends("a coroutine");
    await server.logged(/^GET \/compute: the limit of 1000 ms of time/);
    assert.equal(await (await server.get("/", { signal: AbortSignal.timeout(soonMs) })).text(), "hello");
  });

  it("is none whose response has begun", async () => {
    const answer = await server.get("/stream");
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), "abc");
  });

  it("may answer nobody any more", async () => {
    assert.match(await (await server.get("/late")).text(), wallText);
    await sleep(3000);
    assert.equal(await (await server.get("/")).text(), "hello");
  });

  it("is ended where it is a trigger or another Worker's call, whose caller is told", async () => {
    const trigger = await server.get("/cdn-cgi/handler/scheduled");
    assert.equal(trigger.status, 500);
    await server.logged(/^a scheduled trigger: the limit of 1000 ms of time \(wall_ms\); it goes on and is ended/);
    await ends("a trigger");
    const call = await server.get("/call");
    assert.match(await call.text(), /LimitExceeded.*the limit of 1000 ms of time \(wall_ms\)/);
    await ends("a call");
  });
});

it("wall_ms holds for interpreters for a request each", async () => {
  const { folder, server } = await serveWith('[blockon]\nisolation = "request"\n[blockon.limits]\nwall_ms = 1000\n');
  try {
    const answer = await server.get("/sleep");
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), wallText);
    assert.equal(await (await server.get("/")).text(), "hello");
  } finally {
    assert.equal(await server.stop(), 0);
    folder.remove();
  }
});

it("max_requests bounds what is under way at the same time", async () => {
  const { folder, server } = await serveWith("[blockon.limits]\nmax_requests = 2\n");
  try {
    assert.equal(await (await server.get("/")).text(), "hello");
    const [first, second] = [server.get("/hold"), server.get("/hold")];
    const end = performance.now() + soonMs;
    let refused = await server.get("/");
    // The two may be on their way still.
    while (refused.status === 200 && performance.now() < end) refused = await server.get("/");
    assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "1"]);
    assert.equal(await refused.text(), "Service Unavailable: the Worker has 2 requests at the same time\n");
    await server.logged(/^test: the Worker has 2 requests at the same time, as many as it may have \(max_requests\)/);
    for (const held of [first, second]) assert.equal(await (await held).text(), "held");
    assert.equal(await (await server.get("/")).text(), "hello");
  } finally {
    assert.equal(await server.stop(), 0);
    folder.remove();
  }
});
