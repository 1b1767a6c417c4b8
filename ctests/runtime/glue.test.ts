// What a Worker's glue may not have in it, whether it is reached or not: ways to Node's modules, and to code from text.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { layout, realmLinks, realmWasm } from "../../runtime/layout.ts";
import { wasmNames } from "./lib/wasm_names.mjs";

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

  it("makes no tables for OpenGL, and a small one for names of files", () => {
    const text = texts.get("realm.asm.js") as string;
    assert.deepEqual(found(text, /\.subarray\(0,i\)|tempFixedLengthArray\.push|new Array\(4096\)/g), []);
  });

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

describe("the wasm of a Worker's realm", () => {
  const file = (name: string) => path.join(layout.distribution, name);
  const whole = wasmNames(file("pyodide.asm.wasm"));
  const lean = wasmNames(file(realmWasm));
  const exported = new Set(lean.exports.map(({ name }) => name));
  const links = JSON.parse(readFileSync(file(realmLinks), "utf8")) as Record<"functions" | "data", object>;
  const glue = readFileSync(file("realm.asm.js"), "utf8");

  it("exports what the glue asks for, and little else", () => {
    const asked = [...glue.matchAll(/wasmExports(?:\.|\[")(\w+)/g)].map(([, name]) => name as string);
    assert.deepEqual(new Set(asked).difference(exported), new Set());
    assert.ok(exported.size < 250, `${exported.size}`);
  });

  it("has a slot or an address for each export of the whole one", () => {
    const kinds = { function: Object.keys(links.functions), global: Object.keys(links.data) };
    const moving = ["__stack_pointer", "blockon_memory_base"];
    for (const [kind, found] of Object.entries(kinds)) {
      const expected = whole.exports.filter((each) => each.kind === kind);
      assert.deepEqual(new Set(expected.map(({ name }) => name)).difference(new Set([...found, ...moving])), new Set());
      assert.ok(expected.length >= found.length && found.length > 1000, `${found.length}`);
    }
  });

  it("imports what the glue has, and asks no linker", () => {
    const [, list] = /var wasmImports=\{(.*?)\};/s.exec(glue) ?? [];
    const given = new Set(list?.split(",").map((entry) => entry.replace(/:.*/s, "")));
    const asked = lean.imports.filter(({ module }) => module !== "blockon");
    assert.deepEqual(new Set(asked.map(({ module }) => module)), new Set(["env", "wasi_snapshot_preview1"]));
    // The loader adds those.
    const own = new Set(["JsvError_Check", "Jsv_GetError_import"]);
    assert.deepEqual(new Set(asked.map(({ name }) => name)).difference(given).difference(own), new Set());
  });

  it("is in one piece with glue that draws nothing", () => {
    for (const name of ["glClear", "SDL_Init", "emscripten_set_click_callback_on_thread"]) {
      assert.ok(!glue.includes(`function _${name}(`) && !glue.includes(`_${name}=`), name);
    }
  });
});
