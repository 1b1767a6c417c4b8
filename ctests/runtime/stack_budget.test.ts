// How V8's stack flags become budgets of C stack.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stackBudget, stackBudgets, stackFlagKib } from "../../runtime/stack_budget.ts";
import { defaultStackKib, v8Arguments } from "../../runtime/v8_flags.mjs";

const KiB = 1024;

describe("stack budgets", () => {
  it("reads a flag in each form that V8 takes, the last one given", () => {
    assert.equal(stackFlagKib("--stack-size", []), defaultStackKib);
    assert.equal(stackFlagKib("--stack-size", ["--stack-size=2000"]), 2000);
    assert.equal(stackFlagKib("--stack-size", ["--stack_size=2000"]), 2000);
    assert.equal(stackFlagKib("--stack-size", ["--stack-size", "2000", "main.js"]), 2000);
    assert.equal(stackFlagKib("--stack-size", ["--stack-size=2000", "--stack-size=3000"]), 3000);
    assert.equal(stackFlagKib("--stack-size", ["--stack-size=many"]), defaultStackKib);
    assert.equal(stackFlagKib("--stack-size", ["--wasm-stack-switching-stack-size=100"]), defaultStackKib);
  });

  it("leaves V8 seven bytes for one, in whole units of 16, up to a region", () => {
    assert.equal(stackBudget(700), 100 * KiB);
    assert.equal(stackBudget(1) % 16, 0);
    assert.equal(stackBudget(1_000_000), 256 * KiB);
  });

  it("gives the whole region under blockon's own flags, and half of it or more without", () => {
    const { mainStackBudget, fiberStackBudget } = stackBudgets(v8Arguments);
    assert.equal(mainStackBudget, 256 * KiB);
    assert.equal(fiberStackBudget, 256 * KiB);
    assert.ok(stackBudgets([]).fiberStackBudget >= 128 * KiB);
  });
});
