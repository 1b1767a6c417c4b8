// Greenlets in an embedder's process and in a Worker, from the outside.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { programEnd } from "./lib/program_end.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const end = (name: string) => programEnd("greenlets.mjs", name);

describe("greenlets in an embedder's process", () => {
  it("are no reason to keep it or to complain when nobody is to go on with them", async () => {
    assert.deepEqual(await end("left behind"), { code: 0, out: ["suspended"], err: "" });
  });

  it("are told of when one waits and nothing is left to wake it", async () => {
    const { out, err } = await end("stuck");
    assert.deepEqual(out, ["greenlet: deadlock", "task: deadlock"]);
    assert.match(err, /^blockon: deadlock: 1 task waits for .*\n {2}greenlet \d+ \(.* in body.*\) waits for .*lock/);
    assert.match(err, /RuntimeError is raised in greenlet \d+/);
  });

  it("are limited as fibers are", async () => {
    const { code, out } = await end("too many");
    assert.equal(code, 0);
    assert.match(
      out[0] as string,
      /^cannot start another greenlet: the limit of 20 live fibers is reached; .*maxFibers/,
    );
    assert.deepEqual(out.slice(1), ["19 False", "started", "1"]);
  });

  it("are refused where JavaScript called Python synchronously", async () => {
    const { code, out, err } = await end("synchronous");
    assert.equal(code, 0, err);
    assert.match(
      out[0] as string,
      /^cannot switch to another greenlet: JavaScript called Python synchronously, .* callPromising\(\)$/,
    );
    assert.deepEqual(out.slice(1), ["itself", "pending"]);
  });

  it("are as before when V8 does not suspend a switch", async () => {
    const { code, out, err } = await end("not suspended");
    assert.equal(code, 0, err);
    assert.deepEqual(out, [
      ...Array.from({ length: 5 }, () => "Error: refused"),
      "pending, suspended",
      "two",
      "fresh v",
      "Error: refused",
      "['y', 'z']",
      "1",
    ]);
  });
});

it("a Worker's greenlet is gone on with by a later request", async () => {
  const entry = `
from greenlet import getcurrent, greenlet
from js import Response

def body():
    for number in range(3):
        getcurrent().parent.switch(number)
    return "end"

counter = greenlet(body)

def on_fetch(request):
    return Response.new(str(counter.switch()))
`;
  const folder = workerFolder(entry);
  const server = await ServeProcess.start(folder.path);
  const answers: string[] = [];
  for (let i = 0; i < 5; i++) answers.push(await (await server.get("/")).text());
  assert.deepEqual(answers, ["0", "1", "2", "end", "()"]);
  assert.equal(await server.stop(), 0);
  folder.remove();
});
