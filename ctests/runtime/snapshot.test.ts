// Memory snapshots: what the guest keeps in memory is found again by another instance.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

it("a snapshot is restored under other environment variables, and its fibers work", async () => {
  const program = path.join(import.meta.dirname, "lib", "restored_snapshot.mjs");
  assert.equal((await run(process.execPath, [program])).stdout, "1275 True\n");
});
