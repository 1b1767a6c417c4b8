// Python's threads that go on when the request that started them has ended: [blockon] thread_grace_seconds.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from js import Response

pool = ThreadPoolExecutor(1)
gate = threading.Event()
cancelled = []
of_worker = threading.Thread(target=gate.wait, name="of the Worker")
of_worker.start()

def waits():
    try:
        gate.wait()
    except asyncio.CancelledError:
        cancelled.append(threading.current_thread().name)
        raise

def insists():
    while not gate.is_set():
        try:
            gate.wait()
        except asyncio.CancelledError:
            cancelled.append("again")

def starts_another():
    time.sleep(0.01)
    threading.Thread(target=waits, name="of a thread").start()

async def task():
    await asyncio.sleep(0.01)
    threading.Thread(target=waits, name="of a task").start()

tasks = []

def alive():
    return ",".join(sorted(thread.name for thread in threading.enumerate())) + " " + ",".join(cancelled)

async def on_fetch(request):
    what = request.url.rsplit("/", 1)[1]
    if what == "leaves":
        threading.Thread(target=waits, name="left").start()
        return Response.new(alive())
    elif what == "insists":
        threading.Thread(target=insists, name="insists").start()
    elif what == "chain":
        threading.Thread(target=starts_another, name="starter").start()
        tasks.append(asyncio.create_task(task()))
    elif what == "others":
        threading.Thread(target=waits, name="daemon", daemon=True).start()
        pool.submit(waits)
        thread = threading.Thread(target=time.sleep, args=(0.001,), name="joined")
        thread.start()
        thread.join()
    elif what == "alive":
        return Response.new(alive())
    elif what == "set":
        gate.set()
    return Response.new(what)
`;

async function withServer(grace: string, run: (server: ServeProcess) => Promise<void>): Promise<void> {
  const folder = workerFolder(entry, [], `[blockon]\n${grace}\n`);
  const server = await ServeProcess.start(folder.path);
  try {
    await run(server);
  } finally {
    assert.equal(await server.stop(), 0);
    folder.remove();
  }
}

const ask = async (server: ServeProcess, what: string): Promise<string> => (await server.get(`/${what}`)).text();

/** What is logged of a thread comes before its end: asks until the threads and the ends are those. */
async function becomes(server: ServeProcess, expected: RegExp): Promise<void> {
  for (let tries = 0; tries < 6000; tries++) {
    if (expected.test(await ask(server, "alive"))) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.match(await ask(server, "alive"), expected);
}

const always = "MainThread,of the Worker";

describe("a thread that its request leaves", () => {
  it("is cancelled when its time is up, and the log says whose it is and where it was", async () => {
    await withServer("thread_grace_seconds = 0.2", async (server) => {
      assert.equal(await ask(server, "leaves"), "MainThread,left,of the Worker ");
      const [line] = await server.logged(
        /the thread left of GET http\S+ is cancelled: .*\[blockon\] of wrangler\.toml/,
      );
      assert.match(line as string, /\/leaves is cancelled: that request ended more than 0\.2 s ago/);
      await server.logged(/Exception in thread left:/);
      await server.logged(/in waits/);
      await becomes(server, new RegExp(`^${always} left$`));
    });
  });

  it("is cancelled again when it goes on", async () => {
    await withServer("thread_grace_seconds = 0.1", async (server) => {
      await ask(server, "insists");
      await server.logged(/the thread insists of GET/);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await becomes(server, /^MainThread,insists,of the Worker again,again/);
      await ask(server, "set");
      await becomes(server, /^MainThread again/);
    });
  });

  it("has the threads that it starts, and the request's tasks start, go its way", async () => {
    await withServer("thread_grace_seconds = 0.2", async (server) => {
      await ask(server, "chain");
      await server.logged(/the thread of a thread of GET http\S+\/chain is cancelled/);
      await server.logged(/the thread of a task of GET http\S+\/chain is cancelled/);
      await becomes(server, /^MainThread,of the Worker of a (task|thread),of a (task|thread)$/);
    });
  });

  it("goes on as a daemon, as an executor's and as the Worker's own", async () => {
    await withServer("thread_grace_seconds = 0.1", async (server) => {
      await ask(server, "others");
      await ask(server, "leaves"); // whose end tells that the time of the others is up
      await server.logged(/the thread left of GET/);
      await becomes(server, /^MainThread,ThreadPoolExecutor-0_0,daemon,of the Worker left$/);
    });
  });

  it("goes on for as long as it likes with 0", async () => {
    await withServer("thread_grace_seconds = 0", async (server) => {
      await ask(server, "leaves");
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.equal(await ask(server, "alive"), "MainThread,left,of the Worker ");
      await ask(server, "set");
      await becomes(server, /^MainThread $/);
    });
  });
});
