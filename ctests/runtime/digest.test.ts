// The digest of files, which is kept for as long as they are as they were.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { digestOfFiles } from "../../runtime/snapshots/digest.ts";

const hex = (text: string): string => createHash("sha256").update(text).digest("hex");
/** Until a file that was written is old enough for its digest to be kept. */
const settledMs = 2100;

describe("digestOfFiles", () => {
  const usual = process.env.XDG_CACHE_HOME;
  let root: string;
  let files: string[];
  let kept: string;

  before(() => {
    root = mkdtempSync(path.join(os.tmpdir(), "blockon-digest-"));
    files = ["a.js", "b.js"].map((name) => path.join(root, name));
  });
  beforeEach(() => {
    process.env.XDG_CACHE_HOME = mkdtempSync(path.join(root, "cache-"));
    kept = path.join(process.env.XDG_CACHE_HOME, "blockon", "digests");
    for (const file of files) writeFileSync(file, path.basename(file));
  });
  after(() => {
    if (usual === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = usual;
    rmSync(root, { recursive: true });
  });
  const names = (): string[] => {
    try {
      return readdirSync(kept);
    } catch {
      return [];
    }
  };

  it("is that of their names and of what is in them, and is not kept of what was written just now", () => {
    assert.equal(digestOfFiles(files), hex("a.js 4\na.jsb.js 4\nb.js"));
    assert.deepEqual(names(), []);
  });

  it("is kept, taken, and another when a file is, of the same size and time too", async () => {
    await sleep(settledMs);
    const first = digestOfFiles(files);
    const [name] = names();
    assert.equal(names().length, 1);
    writeFileSync(path.join(kept, name as string), hex("what is kept"));
    assert.equal(digestOfFiles(files), hex("what is kept"));
    const { atime, mtime } = statSync(files[0] as string);
    writeFileSync(files[0] as string, "A.js");
    utimesSync(files[0] as string, atime, mtime);
    const second = digestOfFiles(files);
    assert.equal(second, hex("a.js 4\nA.jsb.js 4\nb.js"));
    assert.notEqual(second, first);
    // One that takes another's place.
    const other = path.join(root, "other.js");
    writeFileSync(other, "a.jS");
    utimesSync(other, atime, mtime);
    renameSync(other, files[0] as string);
    assert.equal(digestOfFiles(files), hex("a.js 4\na.jSb.js 4\nb.js"));
  });

  it("is read from the files where what is kept is damaged, or nothing can be kept", async () => {
    await sleep(settledMs);
    const digest = digestOfFiles(files);
    writeFileSync(path.join(kept, names()[0] as string), digest.slice(1));
    assert.equal(digestOfFiles(files), digest);
    rmSync(kept, { recursive: true });
    writeFileSync(kept, "no folder");
    assert.equal(digestOfFiles(files), digest);
  });

  it("keeps no more than some", async () => {
    await sleep(settledMs);
    mkdirSync(kept, { recursive: true });
    for (let number = 0; number < 40; number++) writeFileSync(path.join(kept, `old-${number}`), "");
    digestOfFiles(files);
    assert.equal(names().length, 16);
  });

  it("fails where a file is missing", () => {
    assert.throws(() => digestOfFiles([path.join(root, "missing.js")]), { code: "ENOENT" });
  });
});
