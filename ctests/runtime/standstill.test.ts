// A Worker all of whose tasks wait while nothing is under way that could wake one: what its log says, and when it says nothing.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import queue, threading, time
import js
from js import Response
from pyodide.ffi import create_once_callable, run_sync

first, second = threading.Lock(), threading.Lock()
waiting = queue.Queue()
never = js.Promise.new(lambda *_: None)

def takes(one, other):
    one.acquire()
    while not other.locked():
        time.sleep(0.001)
    other.acquire()
    for lock in (one, other):
        if lock.locked():
            lock.release()
    return Response.new("both")

def released(lock, start):
    lock.acquire()
    start(lock)
    with lock:
        return Response.new("released")

def on_fetch(request, env):
    url = js.URL.new(request.url)
    if url.pathname == "/first":
        return takes(first, second)
    if url.pathname == "/second":
        return takes(second, first)
    if url.pathname == "/unlock":
        first.release()
        return Response.new("unlocked")
    if url.pathname == "/get":
        return Response.new(waiting.get())
    if url.pathname == "/put":
        waiting.put("from another request")
        return Response.new("put")
    if url.pathname == "/never":
        return Response.new(run_sync(never))
    if url.pathname == "/timer":
        return released(threading.Lock(), lambda lock: js.setTimeout(create_once_callable(lock.release), 600))
    if url.pathname == "/answer":
        return released(threading.Lock(), lambda lock: js.fetch(env.SLOW).then(create_once_callable(lambda _: lock.release())))
`;

const warning = /deadlock\? For 0\.1 s/;

describe("a standstill", () => {
  // Answers after 600 ms.
  const slow = http.createServer((_, response) => void setTimeout(() => response.end("slow"), 600));
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    await once(slow.listen(0, "127.0.0.1"), "listening");
    const { port } = slow.address() as AddressInfo;
    folder = workerFolder(
      entry,
      [],
      `[vars]\nSLOW = "http://127.0.0.1:${port}/"\n[blockon]\ndeadlock_warning_seconds = 0.1\n`,
    );
    server = await ServeProcess.start(folder.path);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    slow.close();
    folder.remove();
  });
  const warnings = (): string[] => server.log.map(({ msg }) => msg).filter((msg) => warning.test(msg));

  it("is none while a timer or a fetch is under way", async () => {
    for (const target of ["/timer", "/answer"]) {
      assert.equal(await (await server.get(target)).text(), "released");
    }
    assert.deepEqual(warnings(), []);
  });

  it("of two locks is told with who waits for what, where, and who has it", async () => {
    const both = [server.get("/first"), server.get("/second")];
    await server.logged(warning);
    const [text] = warnings() as [string];
    assert.match(
      text,
      /^deadlock\? For 0\.1 s 2 tasks wait, and no timer, fetch or other task is under way; only another/,
    );
    const line =
      /task (\d+) \(\S+entry\.py:15 in takes\) waits for <locked _thread\.lock \S+ \S+ \S+>, which task (\d+) has/;
    const [, ...lines] = text.split("\n");
    const found = lines.map((part) => line.exec(part)?.slice(1));
    assert.equal(found.length, 2, text);
    assert.deepEqual(found[0], found[1]?.toReversed(), text);
    // Another request can end it: it was no error.
    await server.get("/unlock");
    for (const response of await Promise.all(both)) assert.equal(await response.text(), "both");
  });

  it("is told once for each task", async () => {
    const told = warnings().length;
    const got = server.get("/get");
    await server.logged(/entry\.py:\d+ in on_fetch, by Queue\.get\) waits for <queue\.Queue object at/);
    void server.get("/never").catch(() => {});
    await server.logged(/entry\.py:\d+ in on_fetch\) waits for a promise/);
    assert.equal(warnings().length, told + 2);
    // What was told of stands still again after other requests, and is not told of again.
    assert.equal(await (await server.get("/put")).text(), "put");
    assert.equal(await (await got).text(), "from another request");
    assert.equal(await (await server.get("/timer")).text(), "released");
    const next = server.get("/get");
    await server.logged(/by Queue\.get/, 2);
    await server.get("/put");
    await next;
    assert.equal(warnings().length, told + 3);
  });
});
