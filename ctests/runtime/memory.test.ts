// What fibers and their waits hold of memory, and the limit of them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { v8Arguments } from "../../runtime/v8_flags.mjs";

const run = promisify(execFile);

async function outputOf(name: string, ...rest: string[]): Promise<string> {
  const program = path.join(import.meta.dirname, "lib", name);
  return (await run(process.execPath, ["--expose-gc", ...v8Arguments, program, ...rest])).stdout;
}

interface Sample {
  readonly counts: object;
  readonly objects: number;
  readonly references: number;
  readonly wasmMemory: number;
  readonly heap: number;
}

interface Wave {
  readonly waiting: number;
  readonly after: number;
  readonly right: number;
  readonly kept: number;
  readonly pooled: number;
}

describe("the memory of fibers", () => {
  it("is given back when they have ended, but for some regions", async () => {
    const count = 2000;
    const { before, waves } = JSON.parse(await outputOf("stack_memory.mjs", String(count))) as {
      before: number;
      waves: readonly Wave[];
    };
    assert.equal(waves.length, 2);
    for (const { waiting, after, right, kept, pooled } of waves) {
      assert.equal(right, count);
      assert.ok(kept <= 16, `${kept} regions are resident`);
      assert.ok(pooled < count + 32, `the pool has ${pooled} regions for ${count} fibers`);
      const returned = (waiting - after) / (waiting - before);
      assert.ok(returned > 0.6, `${Math.round(100 * returned)} % of ${waiting - before} bytes were given back`);
    }
  });

  it("does not grow by waiting", async () => {
    const samples = JSON.parse(await outputOf("flat_memory.mjs", "6", "20000")) as readonly Sample[];
    // The first round fills caches.
    const [, base, ...rest] = samples;
    assert.ok(base !== undefined && rest.length === 4);
    for (const sample of rest) {
      assert.deepEqual({ ...sample, heap: 0 }, { ...base, heap: 0 });
      const growth: number = sample.heap - base.heap;
      assert.ok(growth < 500_000, `JavaScript's heap has grown by ${growth} bytes`);
    }
  });

  it("has a limit, which ends what would pass it and nothing else", async () => {
    const refused =
      "rejected RuntimeError: cannot start another task: the limit of 20 live fibers is reached; wait for some of them to end, " +
      "or raise it (max_fibers in [blockon] of wrangler.toml, the option maxFibers of loadPyodide)";
    const round = (number: number): string[] => [
      `round ${number}: 20 wait`,
      ...[refused, refused, refused],
      `the loop: ${(40 * 39) / 2 + 40}`,
      "20 wait",
      "all right: true 0",
    ];
    const lines = (await outputOf("fiber_limit.mjs")).trimEnd().split("\n");
    const others = ["another: true 20", "41 wait", "another: true 20", "41 wait"];
    const wrong = ["the number 0", "the number -1", "the number 1.5", "the number NaN", "the number 2147483648"].concat(
      ['the string "20"', "null", "an object"],
    );
    const message = (what: string): string =>
      `UserError: loadPyodide: the option maxFibers is ${what}; expected a positive integer up to 2147483647.`;
    assert.deepEqual(lines, [...round(1), ...round(2), ...others, ...wrong.map(message)]);
  });
});
