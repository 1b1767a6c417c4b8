// Each allocation of CPython's and of the guest's fails once, in programs that wait in each way there is.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";
import { v8Arguments } from "../../runtime/v8_flags.mjs";

const run = promisify(execFile);

interface Report {
  /** For each scenario, how many runs ended in which way. */
  results: Record<string, Record<string, number>>;
  failures: string[];
}

it("a program that finds no memory gets its value or a MemoryError, and leaves nothing behind", async () => {
  const program = path.join(import.meta.dirname, "lib", "memory_faults.mjs");
  const extension = path.join(import.meta.dirname, "../../build/release/ctests/guest/memory_faults.so");
  const { stdout } = await run(process.execPath, [...v8Arguments, program, extension]);
  const { results, failures } = JSON.parse(stdout) as Report;
  assert.deepEqual(failures, []);
  assert.ok(Object.keys(results).length > 15);
  for (const [scenario, ends] of Object.entries(results)) {
    assert.deepEqual(Object.keys(ends).sort(), ["MemoryError", "true"], scenario);
    assert.ok((ends.MemoryError ?? 0) > 0 && (ends.true ?? 0) > 0, `${scenario} has come to no failing allocation`);
  }
});
