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
  readonly event: [boolean, string];
  readonly refused: string;
  readonly released: boolean;
  readonly uncaught: string[];
  readonly unhandled: string[];
  readonly trap: string[];
}

describe("work on carriers that are kept", () => {
  let report: Report;
  before(async () => {
    const { stdout } = await run(process.execPath, ["--expose-gc", path.join(import.meta.dirname, "lib", "work.mjs")]);
    report = JSON.parse(stdout.trimEnd().split("\n").at(-1) as string) as Report;
  });

  it("sees the asynchronous context of its caller, before a wait and after", () => {
    assert.deepEqual(report.calls, ["a, b, none"]);
    assert.deepEqual(report.waits, ["a a, b b, none none"]);
    assert.equal(report.afterwards, "none");
  });

  it("sees in a task the context of who asked for each step", () => {
    assert.deepEqual(report.tasks, ["a a a a, b b b b, none none none none"]);
  });

  it("begins at once for a listener where no Python waits, and leaves the context of who dispatched", () => {
    assert.deepEqual(report.event, [false, "dispatcher"]);
  });

  it("lets go of the context of a call that is refused", () => {
    assert.equal(report.refused, "RuntimeError");
    assert.equal(report.released, true);
  });

  it("starts in the order of the calls, however many there are", () => {
    assert.equal(report.inOrder, true);
    assert.equal(report.results, 1);
    assert.equal(report.live, 0);
  });

  it("rejects the call that traps with all that are under way or come later, and nobody else hears of it", () => {
    assert.deepEqual(report.trap, ["rejected RuntimeError"]);
    assert.deepEqual([report.uncaught, report.unhandled], [[], []]);
  });
});
