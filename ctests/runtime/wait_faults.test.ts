// Each wait is ended once from outside, in each way there is, in programs that wait for all that can be waited for.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";
import { v8Arguments } from "../../runtime/v8_flags.mjs";

const run = promisify(execFile);

interface Report {
  /** For each kind of fault and scenario, how many runs ended in which way. */
  results: Record<string, Record<string, number>>;
  failures: string[];
}

it("a wait that is cancelled, rejected, timed out or woken without reason ends so, and leaves nothing behind", async () => {
  const program = path.join(import.meta.dirname, "lib", "wait_faults.mjs");
  const { stdout } = await run(process.execPath, [...v8Arguments, program]);
  const { results, failures } = JSON.parse(stdout) as Report;
  assert.deepEqual(failures, []);
  const ends: Record<string, number> = {};
  for (const result of Object.values(results)) {
    for (const [end, count] of Object.entries(result)) ends[end] = (ends[end] ?? 0) + count;
  }
  assert.deepEqual(Object.keys(ends).sort(), ["FaultError", "JsException", "TimeoutError", "true"]);
});
