// Bodies that are larger than Python's memory: it stays as it is while they go through.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { packageFolder } from "../../runtime/packages/python_packages.ts";
import { v8Arguments } from "../../runtime/v8_flags.mjs";

const run = promisify(execFile);
const mebibyte = 1 << 20;
/** Of each body. `BLOCKON_STREAM_MIB=1024` is the same with a gibibyte. */
const size = Number(process.env.BLOCKON_STREAM_MIB ?? "128");

interface Sample {
  readonly way: string;
  readonly count: number;
  readonly wasmMemory: readonly [before: number, after: number];
  readonly buffers: readonly [before: number, after: number];
}

describe("bodies that are larger than Python's memory", () => {
  for (const entry of ["task", "sync"]) {
    it(`go down and up, ${entry}`, async () => {
      const program = path.join(import.meta.dirname, "lib", "streaming.mjs");
      const packages = await packageFolder(path.join(import.meta.dirname, "../../pytests"), () => {});
      const { stdout } = await run(
        process.execPath,
        ["--expose-gc", ...v8Arguments, program, String(packages), entry, String(size)],
        { timeout: 600_000 },
      );
      const samples = JSON.parse(stdout) as readonly Sample[];
      assert.equal(samples.length, entry === "task" ? 9 : 7);
      for (const { way, count, wasmMemory, buffers } of samples) {
        assert.equal(count, size * mebibyte, way);
        assert.equal(wasmMemory[1], wasmMemory[0], `${way}: Python's memory has grown`);
        assert.ok(wasmMemory[1] <= 64 * mebibyte, `${way}: Python's memory is ${wasmMemory[1]} bytes`);
        const growth = buffers[1] - buffers[0];
        assert.ok(growth < 8 * mebibyte, `${way}: the host holds ${growth} bytes more`);
      }
    });
  }
});
