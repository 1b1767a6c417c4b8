// Time slices from the outside: a Worker that answers beside a thread that computes, tasks that give way, switches at random.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { describe, it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const program = path.join(import.meta.dirname, "lib", "time_slices.mjs");

interface End {
  readonly out: string;
  readonly err: string;
}

function end(name: string, blockonSwitch?: string): Promise<End> {
  const env = { ...process.env, ...(blockonSwitch !== undefined && { BLOCKON_SWITCH: blockonSwitch }) };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, name], { env }, (_, out, err) => resolve({ out: out.trimEnd(), err }));
  });
}

it("a Worker answers beside a thread that computes", async () => {
  const entry = `
import threading
from js import Response

stops = threading.Event()

def computes():
    while not stops.is_set():
        pass

thread = threading.Thread(target=computes)

async def on_fetch(request):
    if request.url.endswith("/start"):
        thread.start()
    if request.url.endswith("/stop"):
        stops.set()
        thread.join()
    return Response.new(f"computes: {thread.is_alive()}")
`;
  const folder = workerFolder(entry, [], "[blockon]\npreempt_tasks = true\n");
  const server = await ServeProcess.start(folder.path);
  const answer = async (at: string): Promise<string> => (await server.get(at)).text();
  assert.equal(await answer("/start"), "computes: True");
  for (let number = 0; number < 5; number++) assert.equal(await answer("/"), "computes: True");
  assert.equal(await answer("/stop"), "computes: False");
  assert.equal(await server.stop(), 0);
  folder.remove();
});

describe("a task that computes", () => {
  const all = "['callback', 'task', 'timer']";

  it("gives way to nobody", async () => {
    assert.deepEqual(await end("tasks do not"), { out: `no thread [] ${all}`, err: "" });
  });

  it("gives way to threads, and to no other task, if it was asked for", async () => {
    assert.deepEqual(await end("tasks give way"), { out: `thread [] ${all}`, err: "" });
  });

  it("has its signals while it is pre-empted", async () => {
    const out = ["handled True False", "TimeIsUpError False", "KeyboardInterrupt"].join("\n");
    assert.deepEqual(await end("signals"), { out, err: "" });
  });

  it("is not asked by what is neither true nor false", async () => {
    const out = 'UserError: loadPyodide: the option preemptTasks is the string "yes"; expected true or false.';
    assert.deepEqual(await end("wrong"), { out, err: "" });
  });
});

describe("BLOCKON_SWITCH", () => {
  it("switches threads in the order of its seed", async () => {
    const [once, again, other] = await Promise.all([
      end("order", "random:1"),
      end("order", "random:1"),
      end("order", "random:2"),
    ]);
    assert.equal(once.err, "");
    assert.ok(once.out.split(",").length > 20, once.out);
    assert.equal(again.out, once.out);
    assert.notEqual(other.out, once.out);
  });

  for (const wrong of [
    "random",
    "random:",
    "random:-1",
    "random:2147483648",
    "random:1.5",
    "RANDOM:1",
    "1",
    " random:1",
  ]) {
    it(`cannot be ${JSON.stringify(wrong)}`, async () => {
      const { out, err } = await end("order", wrong);
      assert.equal(out, "");
      assert.ok(err.includes(`BLOCKON_SWITCH is ${JSON.stringify(wrong)}; expected random:SEED`), err);
    });
  }
});
