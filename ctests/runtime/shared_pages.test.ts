// How many of a snapshot's pages a Worker has for itself: each that it writes to is copied.
import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { bareWorker } from "../../runtime/pool/bare_worker.ts";
import { WorkerHost } from "../../runtime/pool/worker_host.ts";

const pageBytes = 4096;

const entry = `
import gc, json, sys, weakref
from js import Response

class Thing:
    pass

def lives_on():
    thing = Thing()
    thing.itself = thing
    watched = weakref.ref(thing)
    del thing
    gc.collect()
    return watched() is not None

def on_fetch(request):
    counts = [sys.getrefcount(each) for each in (json.dumps, json, type(request), Thing)]
    return Response.new(json.dumps({"counts": counts, "lives_on": lives_on()}))
`;

/** Of the mappings of a snapshot in this process: all pages, and those that are no longer the snapshot's. */
function imagePages(): { all: number; own: number } {
  const pagemap = openSync("/proc/self/pagemap", "r");
  const word = Buffer.alloc(8);
  const pages = { all: 0, own: 0 };
  try {
    for (const line of readFileSync("/proc/self/maps", "latin1").split("\n")) {
      const [, begin, end] = /^([0-9a-f]+)-([0-9a-f]+) .*memfd:blockon-image/.exec(line) ?? [];
      if (begin === undefined || end === undefined) continue;
      for (let page = Number.parseInt(begin, 16) / pageBytes; page < Number.parseInt(end, 16) / pageBytes; page++) {
        readSync(pagemap, word, 0, 8, page * 8);
        const isPresent = word.readUInt32LE(4) >>> 31 === 1;
        const isOfFile = ((word.readUInt32LE(4) >>> 29) & 1) === 1;
        pages.all += 1;
        if (isPresent && !isOfFile) pages.own += 1;
      }
    }
  } finally {
    closeSync(pagemap);
  }
  return pages;
}

describe("the pages of a snapshot", () => {
  let folder: string;
  let worker: WorkerHost;
  let answer: { counts: number[]; lives_on: boolean };

  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), "blockon-pages-"));
    writeFileSync(path.join(folder, "entry.py"), entry);
    worker = new WorkerHost({
      name: "pages",
      describe: () => bareWorker("pages", folder),
      onLog: (_level, line) => process.stderr.write(`${line}\n`),
      onOutput: (_stream, output) => process.stderr.write(output),
    });
    const request = { method: "GET", url: "http://worker/", headers: [], body: null, client: "" };
    const response = await worker.fetch(request);
    assert.equal(response.status, 200);
    const { body } = response;
    answer = JSON.parse(body instanceof Uint8Array ? Buffer.from(body).toString() : await text(body));
  });
  after(async () => {
    await worker.stop();
    rmSync(folder, { recursive: true });
  });

  it("are shared but for a twelfth, when a Worker has answered a request", () => {
    const { all, own } = imagePages();
    assert.ok(all > 4000, `${all} pages`);
    assert.ok(own < all / 12, `${own} of ${all}`);
  });

  it("have objects that are not counted, beside those of the Worker", () => {
    const [dumps, json, module, own] = answer.counts as [number, number, number, number];
    for (const count of [dumps, json, module]) assert.ok(count >= 2 ** 30, `${answer.counts}`);
    assert.ok(own < 100, `${answer.counts}`);
    assert.equal(answer.lives_on, false);
  });
});
