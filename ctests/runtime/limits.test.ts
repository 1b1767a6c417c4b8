// What a server refuses, with which status; its log of requests, and its metrics.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type LogLine, ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio
import js
from js import Response
from pyodide.ffi import run_sync

def stay():
    try:
        run_sync(js.Promise.new(lambda resolve, reject: None))
    except BaseException as error:
        print("told by", repr(error))
        raise

async def stay_in_task():
    try:
        await asyncio.sleep(3600)
    finally:
        print("the task was cancelled")

def on_fetch(request):
    path = js.URL.new(request.url).pathname
    if path == "/wait":
        print("waiting")
        run_sync(js.Promise.new(lambda resolve, reject: None))
    if path == "/stay":
        stay()
    if path == "/await":
        run_sync(stay_in_task())
    if path == "/compute":
        while True:
            pass
    if path == "/refuse":
        while True:
            try:
                stay()
            except BaseException:
                pass
    if path == "/raise":
        raise ValueError("of the handler")
    return Response.new(run_sync(request.text()), status=201)
`;

describe("a server with limits", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  let metricsUrl: string;
  before(async () => {
    folder = workerFolder(entry);
    const flags = ["--max-requests", "1", "--time-limit", "3", "--max-head", "2048", "--max-body", "100"];
    server = await ServeProcess.start(
      folder.path,
      undefined,
      undefined,
      ...flags,
      "--access-log",
      "--metrics-port",
      "0",
    );
    metricsUrl = (await server.logged(/metrics are at (\S+)/))[1] as string;
    await server.logged(/ready after/);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  const line = async (pattern: RegExp): Promise<LogLine & { status?: number; method?: string; ms?: number }> => {
    await server.logged(pattern);
    return server.log.find(({ msg }) => pattern.test(msg)) as LogLine;
  };

  it("refuses what is too large", async () => {
    assert.equal((await server.get("/", { method: "POST", body: "x".repeat(100) })).status, 201);
    assert.equal((await server.get("/", { method: "POST", body: "x".repeat(101) })).status, 413);
    assert.equal((await server.get("/", { headers: { "x-large": "x".repeat(3000) } })).status, 431);
    assert.equal((await server.get("/", { headers: { "x-large": "x".repeat(1000) } })).status, 201);
  });

  it("has no room for more requests than it may have, until one is done", async () => {
    const controller = new AbortController();
    const waiting = server.get("/wait", { signal: controller.signal }).catch(() => "given up");
    await server.logged(/waiting/);
    const refused = await server.get("/");
    assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "1"]);
    assert.equal(await refused.text(), "Service Unavailable: 1 requests are under way\n");
    controller.abort();
    assert.equal(await waiting, "given up");
    await server.logged(/^GET \/wait was given up after [\d.]+ ms/);
    let status = 503;
    while (status === 503) ({ status } = await server.get("/"));
    assert.equal(status, 201);
  });

  it("gives a request up whose time is up", async () => {
    const late = await server.get("/wait");
    assert.deepEqual([late.status, late.headers.get("retry-after")], [503, "1"]);
    assert.match(await late.text(), /no answer within 3 s/);
    assert.equal((await server.get("/")).status, 201);
  });

  it("ends a handler that goes on when its time is up, where it waits or computes", async () => {
    const up = "the request's time is up, after 3 s";
    for (const [target, told] of [
      ["/stay", /^told by LimitExceeded\("the request's time is up, after 3 s"\)/],
      ["/await", /^the task was cancelled/],
      ["/compute", /LimitExceeded: the request is over its limit/],
    ] as const) {
      assert.equal((await server.get(target)).status, 503);
      await server.logged(new RegExp(`^GET ${target}: ${up}; it goes on and is ended`));
      await server.logged(told);
      assert.equal((await server.get("/")).status, 201);
    }
  });

  it("tells of a handler that does not end", async () => {
    assert.equal((await server.get("/refuse")).status, 503);
    await server.logged(/^GET \/refuse: .*; it was told 3 times to end, and goes on/);
    assert.equal((await server.get("/")).status, 201);
  });

  it("logs each request with an id, which a failure has too", async () => {
    const text = await (await server.get("/raise?q=%1b")).text();
    const id = /id: (\S+)/.exec(text)?.[1];
    const { status, method, ms } = await line(/^GET \/raise\?q=%1b 500 [\d.]+ ms/);
    assert.deepEqual([status, method, typeof ms], [500, "GET", "number"]);
    assert.deepEqual(
      server.log.filter((each) => each.id === id).map(({ msg }) => msg.split(/[( ]/, 2).join(" ")),
      ["the handler", "GET /raise?q=%1b"],
    );
  });

  it("has metrics, on a port of their own", async () => {
    const response = await fetch(metricsUrl);
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    const value = (name: string): number => Number(new RegExp(`^${RegExp.escape(name)} (\\S+)$`, "m").exec(text)?.[1]);
    assert.equal(value('blockon_http_responses_total{status="413"}'), 1);
    assert.ok(value('blockon_http_responses_total{status="503"}') >= 2);
    assert.equal(value('blockon_http_responses_total{status="none"}'), 1);
    assert.ok(value('blockon_worker_requests_total{worker="test",status="201"}') >= 4);
    assert.ok(value('blockon_worker_requests_total{worker="test",status="error"}') >= 1);
    assert.ok(value('blockon_worker_request_seconds_bucket{le="+Inf",worker="test"}') >= 5);
    assert.equal(value('blockon_worker_up{worker="test"}'), 1);
    assert.equal(value('blockon_worker_starts{worker="test"}'), 1);
    assert.ok(value("process_resident_memory_bytes") > 0);
    assert.equal((await fetch(new URL("/other", metricsUrl))).status, 404);
  });
});
