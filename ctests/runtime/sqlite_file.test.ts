// Files of a state folder that several processes open at the same moment.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";

const rounds = 150;

describe("a file of a state folder", () => {
  it("is made by one of those that open it first, and is opened by all", async () => {
    const root = mkdtempSync(path.join(os.tmpdir(), "blockon-sqlite-"));
    try {
      const folders = Array.from({ length: rounds }, (_, i) => path.join(root, String(i)));
      const workerData = { folders, arrived: new Int32Array(new SharedArrayBuffer(4)) };
      const problems = await Promise.all(
        [0, 1].map(async () => {
          const worker = new Worker(path.join(import.meta.dirname, "lib", "open_at_once.ts"), { workerData });
          const exit = once(worker, "exit");
          const [found] = (await once(worker, "message")) as [string[]];
          await exit;
          return found;
        }),
      );
      assert.deepEqual(problems, [[], []]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
