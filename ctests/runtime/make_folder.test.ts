// Folders that users name: made with those above, or the reason why not, at once.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { openForWriting } from "../../runtime/bindings/kv/database.ts";
import { DeploymentFolder } from "../../runtime/deployments/folder.ts";
import { makeFolder } from "../../runtime/make_folder.ts";
import { keepAmong } from "../../runtime/snapshots/small_files.ts";
import { UserError } from "../../runtime/user_error.ts";

describe("a folder", () => {
  it("is made with those above it, or is there", () => {
    const root = mkdtempSync(path.join(os.tmpdir(), "blockon-folder-"));
    const folder = path.join(root, "a", "b");
    makeFolder(folder, 0o700);
    makeFolder(folder);
    assert.deepEqual(
      [folder, path.dirname(folder)].map((each) => statSync(each).mode & 0o777),
      [0o700, 0o700],
    );
    const file = path.join(root, "file");
    writeFileSync(file, "");
    assert.throws(() => makeFolder(file), { code: "EEXIST" });
    assert.throws(() => makeFolder(path.join(file, "below")), { code: "EEXIST" });
    rmSync(root, { recursive: true });
  });

  it("is an error where the system makes none", () => {
    assert.throws(() => makeFolder("/proc/nothing/here"), { code: "ENOENT" });
    assert.throws(() => openForWriting("/proc/nothing/here"), UserError);
    assert.throws(() => new DeploymentFolder("/proc/nothing/here"), UserError);
    assert.throws(() => keepAmong(1, "/proc/nothing/here/file", ""), { code: "ENOENT" });
  });
});
