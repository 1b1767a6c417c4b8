// What the snapshot of a Worker is bound to.
import assert from "node:assert/strict";
import { statSync, utimesSync } from "node:fs";
import path from "node:path";
import { after, describe, it } from "node:test";
import { sdkMount } from "../../runtime/packages/guest_files.ts";
import { bareWorker } from "../../runtime/pool/bare_worker.ts";
import { filesDigest } from "../../runtime/snapshots/worker_key.ts";
import { workerFolder } from "./lib/worker_folder.ts";

describe("what the files of a Worker are", () => {
  const folder = workerFolder("answer = 1\n");
  after(() => folder.remove());
  const files = () => bareWorker("some", folder.path).files;

  it("is the same as long as they are, by what is in them", () => {
    const before = filesDigest(files());
    assert.equal(filesDigest(files()), before);
    const entry = path.join(folder.path, "src/entry.py");
    const { atime, mtime } = statSync(entry);
    folder.write("src/entry.py", "answer = 2\n");
    utimesSync(entry, atime, mtime);
    assert.notEqual(filesDigest(files()), before);
    folder.write("src/entry.py", "answer = 1\n");
    assert.equal(filesDigest(files()), before);
  });

  it("is another without the SDK, or with other files of it", () => {
    const all = files();
    const [first] = all.filter(({ target }) => target.startsWith(`${sdkMount}/`));
    assert.ok(first !== undefined);
    const digests = [
      all,
      all.filter((each) => each !== first),
      all.filter(({ target }) => !target.startsWith(sdkMount)),
    ];
    assert.equal(new Set(digests.map(filesDigest)).size, 3);
    assert.equal(filesDigest(all), filesDigest(files()));
  });
});
