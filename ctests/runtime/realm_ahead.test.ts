// A realm that is made before its guest comes, with what the last start noted.
import assert from "node:assert/strict";
import path from "node:path";
import { afterEach, describe, it } from "node:test";
import { loadAddon } from "../../runtime/addon.ts";
import { layout } from "../../runtime/layout.ts";
import { bundled } from "../../runtime/own_program.ts";
import { bareWorker } from "../../runtime/pool/bare_worker.ts";
import { threadStack } from "../../runtime/pool/resource_limits.ts";
import { makeRealmAhead as askThread } from "../../runtime/pool/thread_ahead.ts";
import { compiledPlaces } from "../../runtime/snapshots/compiled.ts";
import { makeRealmAhead, takeRealmAhead } from "../../runtime/worker/realm_ahead.ts";
import { type RealmStart, realmStart } from "../../runtime/worker/realm_start.ts";

const start: RealmStart = realmStart({
  ...bareWorker("ahead", path.join(layout.runtime, "snapshots", "warm_up")),
  ...threadStack(),
});
const other: RealmStart = { ...start, engine: { ...start.engine, libraries: ["/lib/a.so", "/elsewhere/a.so"] } };

afterEach(() => takeRealmAhead(start)?.realm.dispose());

describe("a realm that is made ahead", () => {
  it("is taken by a guest whose realm would be made with the same, who answers it from then on", () => {
    makeRealmAhead(JSON.stringify(start));
    const ahead = takeRealmAhead(start);
    assert.ok(ahead);
    const asked: string[] = [];
    const handler = (op: string): number => {
      asked.push(op);
      return 1;
    };
    ahead.adopt({ handler, rejected: () => {} });
    ahead.realm.bridge.send("fibers", false);
    assert.deepEqual(ahead.realm.refusedScripts, []);
    assert.ok(asked.length > 0, "the realm has asked the host that adopted it");
    ahead.realm.dispose();
  });

  it("is taken once", () => {
    makeRealmAhead(JSON.stringify(start));
    takeRealmAhead(start)?.realm.dispose();
    assert.equal(takeRealmAhead(start), undefined);
  });

  it("is let go where the guest's would be another", () => {
    makeRealmAhead(JSON.stringify(start));
    assert.equal(takeRealmAhead(other), undefined);
    assert.equal(takeRealmAhead(start), undefined);
  });

  it("is asked of a thread where the scripts are this version's", () => {
    const asked: unknown[] = [];
    const thread = { postMessage: (what: unknown) => asked.push(what) };
    const { scripts } = compiledPlaces();
    const ofOther = { realm: "{}", scripts: { ...scripts, key: "0".repeat(64) } };
    const realms = [{ realm: "{}" }, ofOther, { realm: "{}", scripts }];
    const program = bundled() as { ahead?: unknown };
    for (const realm of realms) {
      program.ahead = { isGone: false, thread, realm };
      askThread();
    }
    delete program.ahead;
    // In a checkout the process has V8's flags from its begin.
    const work = { realm: "{}", v8Flags: [] };
    assert.deepEqual(asked, [
      { ...work, scripts: undefined },
      { ...work, scripts },
    ]);
  });

  it("is not made where the guess is none, or cannot be used", () => {
    const missing = { file: "/nowhere/of.image", key: "0".repeat(64) };
    for (const guess of [
      "",
      "{}",
      "[",
      JSON.stringify({ ...start, distribution: "/nowhere" }),
      JSON.stringify({ ...start, engine: { ...start.engine, snapshot: missing } }),
      JSON.stringify({ ...start, scripts: missing }),
    ]) {
      makeRealmAhead(guess);
      assert.equal(takeRealmAhead(JSON.parse(guess.startsWith("{") ? guess : "{}") as RealmStart), undefined, guess);
    }
  });

  it("has the clock of its scripts", () => {
    makeRealmAhead(JSON.stringify(start));
    const ahead = takeRealmAhead(start);
    assert.ok(ahead && process.hrtime(ahead.begin)[0] < 60);
    ahead.realm.dispose();
  });
});

it("bytes of a module that are given to V8 ahead are let go where nobody asks for them", () => {
  const { feedCode, dropHanded } = loadAddon();
  feedCode("/nowhere/realm.asm.wasm");
  feedCode("/nowhere/another.wasm");
  dropHanded();
  assert.equal(dropHanded(), 0);
});
