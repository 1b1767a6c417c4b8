// A distribution folder as ./dev dist DIR writes it: Node alone loads Pyodide from it, in each of the ways it has.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const repository = path.join(import.meta.dirname, "../..");
const upstream = path.join(repository, "node_modules/pyodide");

const makeDistribution = (folder: string) => run(path.join(repository, "dev"), ["dist", folder]);

// Waits for a promise and for asyncio; prints what came of it.
const body = `
  globalThis.later = (value) => new Promise((resolve) => setTimeout(resolve, 2, value));
  const code = "import asyncio, js; from pyodide.ffi import run_sync; run_sync(js.later(40)) + run_sync(asyncio.sleep(0.001, 2))";
  const wait = async (pyodide) => console.log(pyodide.version, await pyodide.runPythonAsync(code));
`;
const version = "314.0.7";

describe("a distribution folder", () => {
  let root: string;
  let folder: string;

  before(async () => {
    root = mkdtempSync(path.join(os.tmpdir(), "blockon-distribution-"));
    folder = path.join(root, "a folder", "pyodide");
    await makeDistribution(folder);
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  /** What a program of that name prints, in an empty folder, under a Node without flags. */
  async function program(name: string, text: string): Promise<string> {
    const file = path.join(root, name);
    writeFileSync(file, text);
    return (await run(process.execPath, [file], { cwd: root, env: { PATH: process.env.PATH } })).stdout;
  }
  const entry = (name: string): string => JSON.stringify(path.join(folder, name));

  it("has the files of the npm package by their names", () => {
    const { exports } = JSON.parse(readFileSync(path.join(upstream, "package.json"), "utf8")) as { exports: object };
    const ours = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as { exports: object };
    assert.deepEqual(ours.exports, exports);
    for (const [, name] of JSON.stringify(exports).matchAll(/"\.\/([\w.-]+)"(?!:)/g)) {
      assert.ok(existsSync(path.join(folder, name as string)), String(name));
    }
    const notice = readFileSync(path.join(folder, "NOTICE"), "utf8");
    for (const [, text] of notice.matchAll(/\((licenses\/.*?)\)/g)) readFileSync(path.join(folder, text as string));
    for (const source of ["patches/apply.py", "jspi/guest/run_sync.cc", "jspi/passes/merge_guest.cc"]) {
      assert.ok(existsSync(path.join(folder, "blockon/source", source)), source);
    }
  });

  it("is loaded by import", async () => {
    const text = `import { loadPyodide } from ${entry("pyodide.mjs")};${body} await wait(await loadPyodide());`;
    assert.equal(await program("import.mjs", text), `${version} 42\n`);
  });

  it("is loaded by require and by createRequire, beside an import of the same thread", async () => {
    const text = `
      const { loadPyodide } = require(${entry("pyodide.js")});${body}
      const again = require("node:module").createRequire(__filename)(${entry("")});
      (async () => {
        await wait(await loadPyodide());
        console.log(again.loadPyodide === loadPyodide, again.version);
        await wait(await (await import(${entry("pyodide.mjs")})).loadPyodide());
      })();`;
    assert.equal(await program("require.cjs", text), `${version} 42\ntrue ${version}\n${version} 42\n`);
  });

  it("is loaded in worker threads beside the main thread", async () => {
    const worker = `import { loadPyodide } from ${entry("pyodide.mjs")};${body} await wait(await loadPyodide());`;
    writeFileSync(path.join(root, "worker.mjs"), worker);
    const text = `
      import { once } from "node:events";
      import { Worker } from "node:worker_threads";
      const start = (resourceLimits = {}) => new Worker(new URL("./worker.mjs", import.meta.url), { resourceLimits });
      for (let round = 0; round < 2; round++) await Promise.all([once(start(), "exit"), import("./worker.mjs?" + round)]);
      const [error] = await once(start({ stackSizeMb: 0.5 }), "error");
      console.log(error.message);`;
    const lines = (await program("threads.mjs", text)).trimEnd().split("\n");
    assert.deepEqual(lines.slice(0, 4), Array(4).fill(`${version} 42`));
    assert.match(lines[4] ?? "", /this worker thread holds 320 KiB .* Python needs 600 KiB: make it 1 or more/);
  });

  it("serves functions and promises of another context", async () => {
    const text = `
      const vm = require("node:vm");
      const { loadPyodide } = require(${entry("pyodide.js")});
      const context = vm.createContext({ loadPyodide, setTimeout, console });
      vm.runInContext(\`(async () => {${body}
        const pyodide = await loadPyodide({ jsglobals: globalThis });
        await wait(pyodide);
        const waits = pyodide.runPython("import js; from pyodide.ffi import run_sync; lambda f: run_sync(f(7)) + 1");
        console.log(await waits.callPromising(later));
        try { await waits.callPromising(() => Promise.reject(new RangeError("no"))); } catch (error) { console.log(error.type); }
      })()\`.replaceAll("\\\\n", " "), context);`;
    assert.equal(await program("context.cjs", text), `${version} 42\n8\nJsException\n`);
  });

  it("is found by indexURL from a copy of its loader, and by nothing else", async () => {
    copyFileSync(path.join(folder, "pyodide.js"), path.join(root, "copy.js"));
    const text = `
      const { loadPyodide } = require("./copy.js");
      (async () => {
        console.log((await loadPyodide({ indexURL: ${JSON.stringify(path.relative(root, folder))} })).runPython("6 * 7"));
        await loadPyodide({ indexURL: ${JSON.stringify(upstream)} }).catch((error) => console.log(error.message));
      })();`;
    const [answer, refusal] = (await program("copies.cjs", text)).split("\n");
    assert.equal(answer, "42");
    assert.match(refusal ?? "", /engine\.js is not there: indexURL has to name a folder that \.\/dev dist/);
  });

  it("takes a limit of fibers, and has its type", async () => {
    const load = `import { loadPyodide } from ${entry("pyodide.mjs")};`;
    const text = `${load} const pyodide = await loadPyodide({ maxFibers: 7 });
      console.log(pyodide.runPython("import _blockon; _blockon.stats()['fiber_limit']"));
      await loadPyodide({ maxFibers: "7" }).catch((error) => console.log(error.message));`;
    const [limit, refusal] = (await program("limit.mjs", text)).split("\n");
    assert.equal(limit, "7");
    assert.match(refusal ?? "", /the option maxFibers is the string "7"; expected a positive integer/);
    assert.match(readFileSync(path.join(folder, "pyodide.d.ts"), "utf8"), /^\tmaxFibers\?: number;$/m);
  });

  it("says so when Node is another one, or a part is missing", async () => {
    const file = path.join(folder, "blockon.node.json");
    const built = readFileSync(file, "utf8");
    const load = `import(${entry("pyodide.mjs")}).then((m) => m.loadPyodide()).catch((error) => console.log(error.message));`;
    writeFileSync(file, built.replace(/"modules":\s*"\d+"/, '"modules": "1"'));
    assert.match(await program("other.cjs", load), /cannot be loaded by this Node: found Node 26.*\(module ABI 1\)/);
    rmSync(file);
    assert.match(await program("missing.cjs", load), /node\.json is missing\. Make this folder again by/);
    await makeDistribution(folder);
    assert.equal(readFileSync(file, "utf8"), built);
    assert.deepEqual(readdirSync(path.dirname(folder)), ["pyodide"]);
  });

  it("stays as it was when another one cannot be written whole", async () => {
    const kept = readFileSync(path.join(folder, "blockon/distribution.json"), "utf8");
    writeFileSync(path.join(folder, "kept.txt"), "of the folder that was there");
    const small = ["-c", 'ulimit -f 2000; exec "$0" dist "$1"', path.join(repository, "dev"), folder];
    await assert.rejects(run("sh", small), {
      code: 1,
      stderr: /could not be written: File too large\. What was there/,
    });
    assert.ok(existsSync(path.join(folder, "kept.txt")));
    assert.equal(readFileSync(path.join(folder, "blockon/distribution.json"), "utf8"), kept);
    assert.deepEqual(readdirSync(path.dirname(folder)), ["pyodide"]);
  });
});

describe("./dev dist DIR", () => {
  const root = mkdtempSync(path.join(os.tmpdir(), "blockon-dist-"));
  after(() => rmSync(root, { recursive: true, force: true }));

  it("leaves alone what it did not make", async () => {
    const mine = path.join(root, "mine");
    mkdirSync(mine);
    writeFileSync(path.join(mine, "work.txt"), "mine");
    await assert.rejects(makeDistribution(mine), { code: 2, stderr: /mine is there and was not made by \.\/dev dist/ });
    await assert.rejects(makeDistribution(path.join(mine, "work.txt")), { code: 2, stderr: /work\.txt is no folder/ });
    assert.deepEqual(readdirSync(root), ["mine"]);
    assert.equal(readFileSync(path.join(mine, "work.txt"), "utf8"), "mine");
  });

  it("says why a folder cannot be written", async () => {
    await assert.rejects(makeDistribution("/proc/blockon"), {
      code: 1,
      stderr: /\/proc\/blockon could not be written: /,
    });
  });
});
