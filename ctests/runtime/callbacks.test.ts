// What becomes of the errors of callbacks that Python gave to an embedder's JavaScript, and of callbacks when there is no
// room for another fiber. What Python sees of callbacks is in pytests/test_callbacks.py.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const program = path.join(import.meta.dirname, "lib", "callbacks.mjs");

describe("callbacks of Python's", () => {
  it("end as JavaScript's do", async () => {
    const { stdout } = await run(process.execPath, [program]);
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      "uncaught KeyError: 'microtask'",
      "uncaught KeyError: 'once'",
      "uncaught KeyError: 'proxy'",
      "uncaught KeyError: 'event'",
      "uncaught KeyError: 'after a wait'",
      "unhandled KeyError: 'then'",
      "from a synchronous call: can wait True, waited",
      "room: can wait True",
      "no room: can wait False",
      "room again: can wait True",
      "alive 2",
    ]);
  });
});
