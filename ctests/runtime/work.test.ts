// Calls and turns of the event loop run on carriers that ran others before: nothing of those is seen.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { before, describe, it } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

interface Report {
  readonly calls: string[];
  readonly waits: string[];
  readonly tasks: string[];
  readonly afterwards: string;
  readonly inOrder: boolean;
  readonly results: number;
  readonly live: number;
  readonly trap: string[];
}

describe("work on carriers that are kept", () => {
  let report: Report;
  before(async () => {
    const { stdout } = await run(process.execPath, [path.join(import.meta.dirname, "lib", "work.mjs")]);
    report = JSON.parse(stdout.trimEnd().split("\n").at(-1) as string) as Report;
  });

  it("sees the asynchronous context of its caller, before a wait and after", () => {
    assert.deepEqual(report.calls, ["a, b, none"]);
    assert.deepEqual(report.waits, ["a a, b b, none none"]);
    assert.equal(report.afterwards, "none");
  });

  it("sees in a task the context that its turn was asked for in", () => {
    assert.deepEqual(report.tasks, ["task", "none"]);
  });

  it("starts in the order of the calls, however many there are", () => {
    assert.equal(report.inOrder, true);
    assert.equal(report.results, 1);
    assert.equal(report.live, 0);
  });

  it("rejects the call that traps, and those after it", () => {
    assert.deepEqual(report.trap, ["rejected RuntimeError", "rejected RuntimeError"]);
  });
});
