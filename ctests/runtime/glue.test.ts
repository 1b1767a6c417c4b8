// What a Worker's glue may not have in it, whether it is reached or not: ways to Node's modules, and to code from text.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { layout } from "../../runtime/layout.ts";

const refused = {
  "import()": /(?<![\w$.])import\s*\(/g,
  "import.meta": /import\.meta/g,
  "require()": /(?<![\w$])require\s*\(/g,
  "a global require": /globalThis\.require/g,
  "eval()": /(?<![\w$.])eval\s*\(/g,
  child_process: /child_process/g,
  NODEFS: /NODEFS/g,
  "process.binding": /process\.binding/g,
};

const found = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(({ index }) => text.slice(Math.max(index - 60, 0), index + 60));

describe("the glue of a Worker's realm", () => {
  const texts = new Map(
    ["realm.asm.js", "realm.loader.js"].map((name) => [
      name,
      readFileSync(path.join(layout.distribution, name), "utf8"),
    ]),
  );
  for (const [what, pattern] of Object.entries(refused)) {
    it(`has no ${what}`, () => {
      for (const [name, text] of texts) assert.deepEqual(found(text, pattern), [], name);
    });
  }

  it("evaluates no text that Python gives it", () => {
    const text = texts.get("realm.asm.js") as string;
    for (const suffix of ["", "_int", "_string"]) {
      const [, body] = text.split(`function _emscripten_run_script${suffix}(ptr){`);
      assert.ok(body?.startsWith("blockonRefuseScript()"), suffix);
    }
  });

  it("would be found to have them, were it stock Pyodide's", () => {
    const stock = readFileSync(path.join(layout.distribution, "pyodide.asm.mjs"), "utf8");
    const missing = Object.entries(refused).filter(([, pattern]) => found(stock, pattern).length === 0);
    assert.deepEqual(missing, []);
  });
});
