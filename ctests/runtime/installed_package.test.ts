// Where the packages lie that this one depends on.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, it } from "node:test";
import { installedPackage } from "../../runtime/installed_package.ts";
import { packagedScripts } from "../../runtime/realm/create.ts";

const { resolve } = createRequire(import.meta.url);

describe("an installed package", () => {
  it("is found where Node finds it", () => {
    for (const name of ["undici", "ws", "web-streams-polyfill"]) {
      assert.equal(installedPackage(name), path.dirname(resolve(`${name}/package.json`)));
    }
  });

  it("has the scripts that Node would load", () => {
    assert.deepEqual(packagedScripts(), [resolve("web-streams-polyfill")]);
  });

  it("is named where it is missing", () => {
    assert.throws(
      () => installedPackage("no-such-package"),
      /^UserError: the package no-such-package is not installed\. /,
    );
  });
});
