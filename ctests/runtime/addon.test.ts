// Loading the addon: another Node, a missing file, a broken one.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { describeAbiMismatch, loadAddon } from "../../runtime/addon.ts";
import { UserError } from "../../runtime/user_error.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "blockon-addon-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("the addon", () => {
  it("is for this Node", () => {
    const { versions } = loadAddon();
    assert.ok(versions.v8.found.startsWith(`${versions.v8.built}.`), JSON.stringify(versions));
  });

  it("says what another Node finds, what it expects, and what to do", () => {
    const built = { addon: "0.1.0", modules: "147", node: "26" };
    assert.equal(describeAbiMismatch(built, { modules: "147", node: "26.1.0" }), undefined);
    const text = describeAbiMismatch(built, { modules: "127", node: "22.4.0" });
    assert.match(text ?? "", /found Node 22\.4\.0 \(module ABI 127\), expected Node 26 \(module ABI 147\)/);
    assert.match(text ?? "", /the command blockon.*`\.\/dev build`/);
  });

  const refused = (file: string, message: RegExp): void => {
    assert.throws(
      () => loadAddon(file),
      (error) => error instanceof UserError && message.test(error.message),
    );
  };

  it("is refused when it was built for another Node, before it is loaded", () => {
    const file = path.join(folder, "other.node");
    writeFileSync(file, "never read");
    writeFileSync(`${file}.json`, JSON.stringify({ addon: "0.1.0", modules: "1", node: "0" }));
    refused(file, /found Node .* expected Node 0 \(module ABI 1\)/);
  });

  it("is refused when it is missing or broken", () => {
    refused(path.join(folder, "missing.node"), /missing\.node\.json is missing\. Run/);
    const file = path.join(folder, "broken.node");
    writeFileSync(file, "no library");
    writeFileSync(`${file}.json`, JSON.stringify({ addon: "0.1.0", modules: process.versions.modules, node: "26" }));
    refused(file, /broken\.node cannot be loaded: .* Run/);
    writeFileSync(`${file}.json`, "{");
    refused(file, /broken\.node\.json cannot be read/);
  });
});
