// An embedder's process that has nothing left to do while Python waits: what it says, what it raises, and how it ends.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { programEnd } from "./lib/program_end.ts";

const end = (...args: string[]) => programEnd("deadlock.mjs", ...args);

const lock = String.raw`<locked _thread\.lock object at 0x[0-9a-f]+>`;

/** What waits alone: where, and for what. */
const alone: Record<string, RegExp> = {
  twice: new RegExp(String.raw`task 1 \(<exec>:22 in twice\) waits for ${lock}, which it took itself`),
  queue: /task 1 \(<exec>:29 in waits, by Queue\.get\) waits for <queue\.Queue object at 0x\w+>/,
  "simple queue": /task 1 \(<exec>:29 in waits\) waits for <_queue\.SimpleQueue object at 0x\w+>/,
  condition: /task 1 \(<exec>:26 in notified, by Condition\.wait\) waits for <Condition\(.*, 1\)>/,
  event: /task 1 \(<exec>:29 in waits, by Event\.wait\) waits for <threading\.Event at 0x\w+: unset>/,
  semaphore: /task 1 \(<exec>:29 in waits, by Semaphore\.acquire\) waits for <threading\.Semaphore at 0x\w+: value=0>/,
  future: /task 1 \(<exec>:1 in <lambda>\) waits for <PyodideFuture pending /,
  coroutine:
    /task 1 \(<exec>:1 in <lambda>\) waits for <RunSyncTask pending name='Task-1' coro=<later\(\) running at <exec>:32>/,
  promise: /task 1 \(<exec>:1 in <lambda>\) waits for a promise/,
};

describe("a process that has nothing left to do", () => {
  for (const [name, where] of Object.entries(alone)) {
    it(`ends a wait for what nothing will bring: ${name}`, async () => {
      const { code, out, err } = await end(name);
      assert.equal(code, 1, err);
      assert.equal(out.length, 1);
      assert.match(out[0] as string, /^error RuntimeError RuntimeError: deadlock: task 1 .*; the event loop is empty$/);
      assert.match(out[0] as string, where);
      assert.match(
        err,
        /^blockon: deadlock: 1 task waits for what nothing is left to bring, since the event loop is empty:\n/,
      );
      assert.match(err.split("\n")[1] as string, where);
    });
  }

  it("breaks a circle of plain locks at the fiber that closed it, and the others go on", async () => {
    const { code, out, err } = await end("circle");
    assert.equal(code, 1, err);
    const waits = (one: number, other: number) =>
      String.raw`task ${one} \(<exec>:15 in takes\) waits for ${lock}, which task ${other} has`;
    assert.match(
      out[0] as string,
      new RegExp(
        `^error RuntimeError RuntimeError: deadlock: ${waits(2, 1)}; ${waits(1, 2)}; the event loop is empty$`,
      ),
    );
    assert.deepEqual(out.slice(1), ["value both"]);
    assert.match(err, new RegExp(`^blockon: deadlock: 2 tasks wait for .*\n  ${waits(2, 1)}.*\n  ${waits(1, 2)}.*\n`));
    assert.match(err, /^ {2}RuntimeError is raised in task 2$/m);
  });

  it("ends of two waits the later one, and not the one for JavaScript", async () => {
    const { code, out, err } = await end("order");
    assert.equal(code, 1, err);
    assert.match(
      err,
      /^blockon: deadlock: 3 tasks wait.* RuntimeError is raised in task 2$.* in task 1$.* in task 3$/ms,
    );
    assert.deepEqual(
      out.map((line) => line.replace(/:.*/, "")),
      ["error RuntimeError RuntimeError", "error RuntimeError RuntimeError", "error RuntimeError RuntimeError"],
    );
  });

  it("runs finally clauses", async () => {
    const { code, out } = await end("finally");
    assert.deepEqual([code, out], [0, ["value cleaned", "cleaned 1"]]);
  });

  it("tells a fiber once: who catches the error and waits again is left alone, as in stock", async () => {
    const { code, out, err } = await end("caught");
    assert.deepEqual([code, out], [13, ["caught deadlock:"]]);
    assert.equal(err.match(/blockon: deadlock/g)?.length, 1);
  });

  it("says nothing when told not to", async () => {
    const { code, out, err } = await end("off");
    assert.deepEqual([code, out], [13, [""]]);
    assert.doesNotMatch(err, /deadlock:/);
  });

  it("does the same in a worker thread", async () => {
    const { code, out, err } = await end("event", "thread");
    assert.equal(code, 1, err);
    assert.match(out[0] as string, /^error RuntimeError RuntimeError: deadlock: task 1/);
  });

  it("does the same for each interpreter of a thread", async () => {
    const { code, out, err } = await end("event", "twice");
    assert.equal(code, 1, err);
    assert.deepEqual(
      out.map((line) => line.replace(/ task.*/, "")),
      Array(2).fill("error RuntimeError RuntimeError: deadlock:"),
    );
  });

  it("leaves an interpreter alone that waits for another one's call, which ends", async () => {
    const { code, out, err } = await end("waits for another");
    assert.deepEqual([code, out], [0, ["value RuntimeError of the other"]], err);
    assert.equal(err.match(/RuntimeError is raised/g)?.length, 1);
  });

  it("gives up on a program that makes the call anew for ever", async () => {
    const { code, out, err } = await end("retries");
    assert.deepEqual([code, out], [13, ["ended 10"]], err);
    assert.equal(err.match(/10 calls in a row ended so/g)?.length, 1);
  });

  for (const name of ["a timer", "an answer", "a listener of beforeExit"]) {
    it(`has something left: ${name} that releases the lock`, async () => {
      assert.deepEqual(await end(name), { code: 0, out: ["value released", "cleaned 0"], err: "" });
    });
  }
});
