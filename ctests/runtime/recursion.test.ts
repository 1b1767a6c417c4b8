// Deep recursion ends in RecursionError whatever V8's stack sizes and its compiler are: see docs/architecture.md, "Three
// stacks that must agree".
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { v8Arguments } from "../../runtime/v8_flags.mjs";

const run = promisify(execFile);
const program = path.join(import.meta.dirname, "lib", "deep_recursion.mjs");
const cases = ["repr", "loads", "dumps", "pickle", "compile", "reduce", "getattr", "str", "sort", "compare"];
cases.push("foreign call", "foreign callback");
const expected = ["sync", "fiber"].flatMap((where) => [
  ...cases.map((name) => `${where} ${name} ok`),
  `${where} alive [1]`,
]);

describe("deep recursion", () => {
  const flags: [title: string, flags: readonly string[]][] = [
    ["on V8's default stacks", []],
    ["on V8's default stacks, in Liftoff's code", ["--liftoff-only"]],
    ["on blockon's stacks", v8Arguments],
    ["on blockon's stacks, in Liftoff's code", [...v8Arguments, "--liftoff-only"]],
    ["on small stacks", ["--stack-size=700", "--wasm-stack-switching-stack-size=400"]],
  ];
  for (const [title, given] of flags) {
    it(`ends in RecursionError ${title}`, async () => {
      const { stdout } = await run(process.execPath, [...given, program]);
      assert.deepEqual(stdout.trimEnd().split("\n"), expected);
    });
  }
});
