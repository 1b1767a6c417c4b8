// Python's threads in an embedder's process and in a Worker, from the outside.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { programEnd } from "./lib/program_end.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const end = (name: string) => programEnd("threads.mjs", name);

describe("threads in an embedder's process", () => {
  it("end with it when an executor has no work left", async () => {
    assert.deepEqual(await end("executor"), { code: 0, out: ["[1, 2, 3]"], err: "" });
  });

  it("end with it when they are daemons", async () => {
    assert.deepEqual(await end("daemon"), { code: 0, out: ["started"], err: "" });
  });

  it("keep it while they have something to do", async () => {
    assert.deepEqual(await end("goes on"), { code: 0, out: ["started", "later"], err: "" });
  });

  it("are told of when nothing is left to wake them", async () => {
    const { out, err } = await end("stuck");
    assert.deepEqual(out, ["started"]);
    assert.match(err, /^blockon: deadlock: 1 task waits for .*\n {2}thread \d+ \(stuck\) /);
    assert.match(err, /^Exception in thread stuck:\n[\s\S]*^RuntimeError: deadlock: thread \d+ \(stuck\) /m);
  });

  it("tell stderr of what they raise", async () => {
    const { code, out, err } = await end("fails");
    assert.deepEqual([code, out], [0, ["started"]]);
    assert.match(err, /^Exception in thread fails:\n[\s\S]*^ValueError: of a thread$/m);
  });

  it("are limited as fibers are", async () => {
    const { code, out } = await end("too many");
    assert.equal(code, 0);
    assert.match(out[0] as string, /^can't start new thread: the limit of 20 live fibers is reached; .*maxFibers/);
    assert.equal(out[1], "19 1");
  });

  it("are refused where JavaScript called Python synchronously", async () => {
    const { code, out, err } = await end("synchronous");
    assert.equal(code, 0, err);
    assert.equal(out.length, 4);
    for (const line of out.slice(0, 3)) {
      assert.match(line, /^can't start new thread: JavaScript called Python synchronously, .* callPromising\(\)$/);
    }
    assert.equal(out[3], "1");
  });
});

it("a Worker's thread goes on when its request has ended, and what it raises is logged", async () => {
  const entry = `
import threading
from js import Response

gate = threading.Event()

def body():
    gate.wait()
    raise ValueError("after the request")

def on_fetch(request):
    if request.url.endswith("/start"):
        threading.Thread(target=body, name="of a request").start()
        return Response.new("started")
    gate.set()
    return Response.new("set")
`;
  const folder = workerFolder(entry);
  const server = await ServeProcess.start(folder.path);
  assert.equal(await (await server.get("/start")).text(), "started");
  assert.equal(await (await server.get("/set")).text(), "set");
  await server.logged(/Exception in thread of a request:/);
  await server.logged(/ValueError: after the request/);
  assert.equal(await server.stop(), 0);
  folder.remove();
});
