// blockon's loadPyodide beside that of the package pyodide: the same exports, the same options, the same answers.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import * as stock from "pyodide";
import * as blockon from "../../runtime/index.ts";
import { layout } from "../../runtime/layout.ts";

const run = promisify(execFile);
const programs = path.join(import.meta.dirname, "lib");
const stockFolder = path.join(import.meta.dirname, "../../node_modules/pyodide");

type Outcomes = Record<string, { uncaught?: string[] }>;

/** What a program prints with stock Pyodide, and with blockon's. */
async function sideBySide(program: string, ...rest: string[]): Promise<[stock: Outcomes, blockon: Outcomes]> {
  const each = async (which: string): Promise<Outcomes> =>
    JSON.parse((await run(process.execPath, [path.join(programs, program), which, ...rest])).stdout) as Outcomes;
  return Promise.all([each("stock"), each("blockon")]);
}

describe("the module blockon", () => {
  it("exports what the package pyodide does", async () => {
    const ours = new Set(Object.keys(blockon));
    for (const name of Object.keys(stock)) assert.ok(ours.has(name), name);
    assert.equal(blockon.version, stock.version);
    const loader = (await import(path.join(layout.distribution, "pyodide.mjs"))) as { version: string };
    assert.equal(loader.version, blockon.version);
  });

  it("has its types, each of which embedder_types.ts compares", () => {
    const declared = readFileSync(path.join(stockFolder, "pyodide.d.ts"), "utf8");
    const compared = readFileSync(path.join(programs, "embedder_types.ts"), "utf8");
    const single = /^export (?:declare )?(?:type|interface|function|const|class) (\w+)/gm;
    const names = [...declared.matchAll(single)].map(([, name]) => name as string);
    for (const [, list] of declared.matchAll(/^export (?:type )?\{([^}]*)\}/gm)) {
      names.push(
        ...(list as string).split(",").map(
          (item) =>
            item
              .trim()
              .split(/\s+as\s+/)
              .at(-1) as string,
        ),
      );
    }
    assert.ok(names.length >= 10, String(names));
    for (const name of names.filter(Boolean)) assert.match(compared, new RegExp(`\\bstock\\.${name}\\b`), name);
  });
});

describe("loadPyodide", () => {
  it("answers as stock does, in every way to wait and by every way into Python", async () => {
    const [expected, found] = await sideBySide("embedder_waits.mjs");
    // Stock starts a coroutine before it sees that it may not wait for it. Nobody hears then how it ended.
    for (const outcome of ["runPython: a coroutine that exits", "runPython: a coroutine that is interrupted"]) {
      delete expected[outcome]?.uncaught;
    }
    // A task that is interrupted has the KeyboardInterrupt, for whoever waits for it. Stock throws it in the host as well, where
    // nobody can catch it and Node ends.
    for (const [name, outcome] of Object.entries(expected)) {
      if (name.endsWith(": a coroutine that is interrupted")) delete outcome.uncaught;
    }
    assert.deepEqual(found, expected);
  });

  it("has stock's sockets where they are asked for: with useNodeSockFS(), and to listen", async () => {
    const [expected, found] = await sideBySide("embedder_sockets.mjs");
    assert.deepEqual(found, expected);
  });

  it("has stock's sockets, ssl and clients with shims: false", async () => {
    const [expected, found] = await sideBySide("embedder_without_shims.mjs");
    assert.deepEqual(found, expected);
  });

  describe("with options", () => {
    const wheels = mkdtempSync(path.join(os.tmpdir(), "blockon-embedder-"));
    before(() => run(process.execPath, [path.join(programs, "make_wheel.mjs"), wheels]));
    after(() => rmSync(wheels, { recursive: true, force: true }));

    it("does what stock does", async () => {
      const [expected, found] = await sideBySide("embedder_options.mjs", wheels);
      assert.deepEqual(found, expected);
    });

    it("refuses the files of another Pyodide", async () => {
      await assert.rejects(blockon.loadPyodide({ indexURL: stockFolder }), /node_modules.pyodide.* is not blockon's/);
    });

    it("refuses shims that are no boolean, or other than a snapshot has", async () => {
      await assert.rejects(
        blockon.loadPyodide({ shims: 1 as never }),
        /option shims is the number 1; expected true or/,
      );
      const snapshot = (await blockon.loadPyodide({ _makeSnapshot: true, shims: false })).makeMemorySnapshot();
      await assert.rejects(blockon.loadPyodide({ _loadSnapshot: snapshot }), /snapshot was made with .* shims: false/);
      const restored = await blockon.loadPyodide({ _loadSnapshot: snapshot, shims: false });
      assert.equal(restored.runPython("import ssl; ssl.OPENSSL_VERSION"), "OpenSSL (stub)");
    });

    it("refuses a snapshot of another Pyodide", async () => {
      const snapshot = (await stock.loadPyodide({ _makeSnapshot: true })).makeMemorySnapshot();
      await assert.rejects(blockon.loadPyodide({ _loadSnapshot: snapshot }), /Snapshot build id mismatch/);
    });
  });

  describe("on stacks of V8 that are too small", () => {
    const load = `import(${JSON.stringify(path.join(import.meta.dirname, "../../runtime/index.ts"))})`;
    const flags: [flag: string, message: RegExp][] = [
      ["--stack-size=500", /holds 500 KiB \(--stack-size\), and Python needs 600 KiB: .*--stack-size=3900/],
      ["--wasm-stack-switching-stack-size=100", /holds 100 KiB .*needs 256 KiB: .*-stack-size=2560/],
    ];
    for (const [flag, message] of flags) {
      it(`names ${flag.split("=")[0]} and what is needed`, async () => {
        const program = `${load}.then((blockon) => blockon.loadPyodide())`;
        await assert.rejects(run(process.execPath, [flag, "--eval", program]), message);
      });
    }

    it("starts on the smallest that it allows", async () => {
      const smallest = ["--stack-size=600", "--wasm-stack-switching-stack-size=256"];
      const script = "import asyncio, json; from pyodide.ffi import run_sync; run_sync(asyncio.sleep(0.001, 'awake'))";
      const program = `${load}.then(async (blockon) => {
        const pyodide = await blockon.loadPyodide();
        console.log(await pyodide.runPythonAsync(${JSON.stringify(script)}));
      })`;
      assert.equal((await run(process.execPath, [...smallest, "--eval", program])).stdout, "awake\n");
    });
  });
});
