// How V8's stack flags become budgets of C stack.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  checkStacks,
  stackBudget,
  stackBudgets,
  stackFlagKib,
  stackSizes,
  threadStackKib,
} from "../../runtime/stack_budget.ts";
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
    const { mainStackBudget, fiberStackBudget } = stackBudgets(stackSizes(v8Arguments));
    assert.equal(mainStackBudget, 256 * KiB);
    assert.equal(fiberStackBudget, 256 * KiB);
    assert.ok(stackBudgets(stackSizes([])).fiberStackBudget >= 128 * KiB);
  });

  it("says which of V8's stacks is too small, what was found and what to do", () => {
    checkStacks(stackSizes([]), true);
    checkStacks({ mainKib: threadStackKib(1), fiberKib: 984 }, false);
    const process = { mainKib: 599, fiberKib: 984 };
    assert.throws(() => checkStacks(process, true), /this process holds 599 KiB \(--stack-size\), .* 600 KiB: leave/);
    const thread = { mainKib: threadStackKib(0.5), fiberKib: 984 };
    assert.throws(() => checkStacks(thread, false), /this worker thread holds 320 KiB \(resourceLimits.stackSizeMb\)/);
    const task = { mainKib: 984, fiberKib: 255 };
    assert.throws(() => checkStacks(task, true), /a suspended task holds 255 KiB .* 256 KiB: leave/);
  });
});
