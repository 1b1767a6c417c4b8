// The store of queues below a Worker: what is kept, for how long, and what becomes of it when the file cannot be written for a while.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Grouped } from "../../runtime/bindings/grouped_writes.ts";
import { openForWriting } from "../../runtime/bindings/queues/database.ts";
import { Messages } from "../../runtime/bindings/queues/messages.ts";
import type { Outcome, Send } from "../../runtime/bindings/queues/protocol.ts";
import { QueueStore } from "../../runtime/bindings/queues/store.ts";

const day = 24 * 3600 * 1000;
const nothing: Outcome = { acked: [], retried: [], dead: { sequences: [], queue: undefined }, released: [] };

let folder: string;
let said: string[];
let store: QueueStore | undefined;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "blockon-queues-"));
  said = [];
});
afterEach(async () => {
  await store?.close();
  store = undefined;
  rmSync(folder, { recursive: true });
});

const sending = (queue: string, ...bodies: string[]): Send => ({
  id: 1,
  queue,
  messages: bodies.map((body) => ({ contentType: "text", body: Buffer.from(body), delaySeconds: 0 })),
});

async function open(): Promise<QueueStore> {
  const say = (text: string): void => void said.push(text);
  store = await QueueStore.open(folder, { warn: say, error: say });
  return store;
}

async function send(to: QueueStore, queue: string, ...bodies: string[]): Promise<void> {
  const port = to.newPort();
  const answered = once(port, "message") as Promise<[Grouped]>;
  port.postMessage(sending(queue, ...bodies));
  assert.deepEqual((await answered)[0], { ids: [1], problem: null });
}

describe("the store of queues", () => {
  it("takes away what nobody has taken for four days, and says how much", () => {
    const database = openForWriting(folder);
    const messages = new Messages(database);
    messages.send([sending("old", "a", "b"), sending("other", "c")], 0);
    messages.send([sending("old", "d")], day);
    const [leased] = messages.lease("other", 1, day);
    assert.deepEqual(messages.purge(4 * day), new Map());
    assert.deepEqual(messages.purge(4 * day + 1), new Map([["old", 2]]));
    assert.deepEqual(
      messages.lease("old", 10, 5 * day).map(({ body }) => Buffer.from(body).toString()),
      ["d"],
    );
    // What is on its way is not taken from who has it.
    messages.settle({ ...nothing, retried: [{ sequence: leased?.sequence ?? 0, delaySeconds: 0 }] }, 5 * day);
    assert.deepEqual(messages.purge(4 * day + 1), new Map([["other", 1]]));
    database.close();
  });

  it("tries again to write which messages are done, and says so once", async () => {
    const queues = await open();
    await send(queues, "jobs", "one");
    const given = await queues.take({ queue: "jobs", size: 1, waitMs: 0 }, new AbortController().signal);
    assert.equal(given.length, 1);
    // Another program that has the file to itself, for longer than the store waits.
    const other = openForWriting(folder);
    other.exec("BEGIN IMMEDIATE");
    let isSettled = false;
    const settled = queues.settle({ ...nothing, acked: given.map(({ sequence }) => sequence) }).then(() => {
      isSettled = true;
    });
    while (said.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.match(said[0] ?? "", /^queues: it could not be written which messages are done, and is tried again: /);
    assert.equal(isSettled, false);
    other.exec("ROLLBACK");
    await settled;
    assert.equal(other.prepare("SELECT count(*) AS count FROM message").get()?.count, 0);
    other.close();
    assert.equal(said.length, 1);
  });

  it("refuses a message where the file cannot grow, and keeps the others", () => {
    const database = openForWriting(folder);
    const messages = new Messages(database);
    database.exec("PRAGMA max_page_count = 20");
    messages.send([sending("jobs", "small")], 0);
    assert.throws(
      () => messages.send([sending("jobs", "x".repeat(200_000))], 0),
      (error: unknown) => (error as { errcode: number }).errcode === 13,
    );
    const [kept] = messages.lease("jobs", 10, 0);
    assert.equal(Buffer.from(kept?.body ?? "").toString(), "small");
    messages.settle({ ...nothing, acked: [kept?.sequence ?? 0] }, 0);
    assert.equal(messages.ready("jobs", 10, 0).count, 0);
    database.close();
  });
});
