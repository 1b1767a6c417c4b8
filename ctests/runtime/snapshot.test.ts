// Memory snapshots: what the guest keeps in memory is found again by another instance.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

async function outputOf(name: string): Promise<string> {
  return (await run(process.execPath, [path.join(import.meta.dirname, "lib", name)])).stdout;
}

it("a snapshot is restored under other environment variables, and its fibers work", async () => {
  assert.equal(await outputOf("restored_snapshot.mjs"), "1275 True\n");
});

it("foreign calls and callbacks work in an instance that a snapshot was restored into", async () => {
  assert.equal(await outputOf("restored_foreign_calls.mjs"), "[10, 11, 12, 13, 14, 15] True\n");
});
