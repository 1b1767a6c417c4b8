// No attempt to leave a Worker's realm succeeds, and each of them does in a control.
//
//   BLOCKON_ESCAPES=NAME node --test ctests/runtime/escapes.test.ts    runs those whose names have NAME in them
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Attempt, readAttempts } from "./escapes/attempts.ts";
import { Canaries, type Facts } from "./escapes/canaries.ts";
import { controls, type Run, runControl, runSealed } from "./escapes/realms.ts";

const attempts = readAttempts();
const wanted = process.env.BLOCKON_ESCAPES ?? "";

describe("the attempts", () => {
  it("are many, and each is one", () => {
    assert.ok(attempts.length >= 60, `${attempts.length}`);
    assert.equal(new Set(attempts.map(({ name }) => name)).size, attempts.length);
    assert.equal(new Set(attempts.map(({ code }) => code)).size, attempts.length);
  });
});

describe("an attempt to leave a Worker's realm", { concurrency: 3 }, () => {
  const canaries = new Canaries();
  const chosen = attempts.filter(({ name }) => name.includes(wanted));
  const controlled = new Map<Attempt, { facts: Facts; found: Promise<string> }>();

  before(async () => {
    await canaries.open();
    // Attempts that do not disturb one another share a control, as far as there may be several in one.
    const shared = Map.groupBy(chosen, ({ control, disturbs }) =>
      disturbs === true || control === "unguarded" ? Symbol("its own") : control,
    );
    let last: Promise<unknown> = Promise.resolve();
    for (const group of shared.values()) {
      const runs = group.map(({ code }) => ({ code, facts: canaries.facts() }));
      const results = last.then(() => runControl((group[0] as Attempt).control, runs));
      last = results;
      for (const [index, attempt] of group.entries()) {
        const { facts } = runs[index] as Run;
        controlled.set(attempt, { facts, found: results.then((all) => all[index] as string) });
      }
    }
  });
  after(() => canaries.close());

  for (const attempt of chosen) {
    const { name, evidence, control, code } = attempt;
    it(`${name}: fails`, async () => {
      const facts = canaries.facts();
      const found = await runSealed(code, facts);
      assert.equal(canaries.proves(evidence, found, facts), false, `it got out: ${found.slice(0, 300)}`);
    });
    it(`${name}: succeeds in ${controls[control]}`, async () => {
      const { facts, found: later } = controlled.get(attempt) as { facts: Facts; found: Promise<string> };
      const found = await later;
      assert.equal(canaries.proves(evidence, found, facts), true, found.slice(0, 2000));
    });
  }
});
