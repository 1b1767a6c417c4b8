// No attempt to leave a Worker's realm succeeds on an older Python, either. That each succeeds in a control: escapes.test.ts.
//
// Those of one file run in one Worker, one after another, and in a further one behind each that ends it. Left out are those that disturb what comes after them, and on a Python
// that cannot block those that wait.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { compatibilityTable } from "../../runtime/config/compatibility_table.ts";
import { readAttempts } from "./escapes/attempts.ts";
import { Canaries } from "./escapes/canaries.ts";
import { runSealedTogether } from "./escapes/realms.ts";

const evidences = ["host", "code", "file", "environment", "socket", "path", "written", "message"];

for (const release of compatibilityTable.pyodides.slice(0, -1)) {
  const waits = /\b(?:settled|run_sync|sleep)\(/;
  const attempts = readAttempts().filter(
    ({ disturbs, code }) => disturbs !== true && (release.blocking !== "none" || !waits.test(code)),
  );

  describe(`an attempt to leave a Worker's realm on Pyodide ${release.version}`, () => {
    let canaries: Canaries;
    before(() => {
      canaries = new Canaries();
      return canaries.open();
    });
    after(() => canaries.close());

    it("is one of many, of each kind", () => {
      assert.ok(attempts.length >= 40, `${attempts.length}`);
      const kinds = new Set(attempts.map(({ evidence }) => evidence));
      if (release.blocking !== "none") assert.deepEqual([...kinds].sort(), [...evidences].sort());
    });

    for (const [file, group] of Map.groupBy(attempts, ({ file }) => file)) {
      it(`fails: ${file}`, async () => {
        let told = 0;
        let rest = group;
        while (rest.length > 0) {
          const runs = rest.map(({ code }) => ({ code, facts: canaries.facts() }));
          const found = await runSealedTogether(runs, release);
          for (const [index, { name, evidence }] of rest.entries()) {
            const [text, { facts }] = [found[index] as string, runs[index] as (typeof runs)[number]];
            assert.equal(canaries.proves(evidence, text, facts), false, `${name} got out: ${text.slice(0, 300)}`);
          }
          // One that ends its Worker has failed, and those after it are still to be made.
          const ended = found.findIndex((text) => text.startsWith("told nothing"));
          told += ended === -1 ? rest.length : ended;
          rest = ended === -1 ? [] : rest.slice(ended + 1);
        }
        assert.ok(told > group.length / 2, `${told} of ${group.length} told how they failed`);
      });
    }
  });
}
