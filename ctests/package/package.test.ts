// The npm package as its users get it: installed from its tarball into an empty folder, where npm is and little else.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { ServeProcess } from "../runtime/lib/serve_process.ts";

const run = promisify(execFile);
const tarball = process.env.BLOCKON_TARBALL;
assert.ok(tarball, "BLOCKON_TARBALL names the package's tarball");

const older = process.env.BLOCKON_OLDER_TARBALL;
assert.ok(older, "BLOCKON_OLDER_TARBALL names that of the package with Python 3.12");

function findProgram(name: string): string {
  return execFileSync("/bin/sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
}

describe("the npm package", () => {
  let root: string;
  let installed: string;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    root = mkdtempSync(path.join(os.tmpdir(), "blockon-package-"));
    const bin = path.join(root, "bin");
    mkdirSync(bin);
    for (const name of ["node", "npm", "sh"]) symlinkSync(findProgram(name), path.join(bin, name));
    const folder = path.join(root, "app");
    mkdirSync(folder);
    writeFileSync(path.join(folder, "package.json"), "{}\n");
    env = { ...process.env, PATH: bin, BLOCKON_PYTHON: undefined };
    await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", tarball], { cwd: folder, env });
    installed = path.join(folder, "node_modules", "blockon");
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  it("finds no Python and no compiler", async () => {
    for (const name of ["python3", "g++", "cc", "cmake"]) {
      await assert.rejects(run("sh", ["-c", `command -v ${name}`], { env }), name);
    }
  });

  it("serves the example", async () => {
    const launcher = path.join(installed, "..", ".bin", "blockon");
    const server = await ServeProcess.start(path.join(installed, "examples", "requests"), [launcher], env);
    const { stdout } = await run(launcher, ["ps", String(server.child.pid)], { env });
    assert.match(stdout, new RegExp(`^process ${server.child.pid} .* on ${server.url}, `));
    const response = await server.get("/");
    const body = (await response.json()) as { status: number; begin: string };
    assert.equal(response.status, 200);
    assert.equal(body.status, 200);
    assert.match(body.begin, /"thought":"50 ms"/);
    assert.equal(await server.stop(), 0);
  });

  it("keeps what V8 makes of its JavaScript for later starts, and makes it anew when it is damaged", async () => {
    const launcher = path.join(installed, "..", ".bin", "blockon");
    const cache = path.join(root, "cache");
    const folder = path.join(cache, "blockon", "snapshots");
    const damaged = 1000;
    /** The command's, when it is whole and the maker has ended: another one has another inode. */
    const made = async (): Promise<string> => {
      for (const end = performance.now() + 120_000; performance.now() < end; ) {
        const names = existsSync(folder) ? readdirSync(folder) : [];
        const [name] = names.filter((each) => each.endsWith(".command"));
        const found = name === undefined ? undefined : statSync(path.join(folder, name));
        if (found !== undefined && found.size > damaged && !names.some((each) => each.endsWith(".lock")))
          return `${found.size} ${found.ino}`;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      throw new Error("nothing was kept");
    };
    const files: string[] = [];
    for (let start = 0; start < 3; start++) {
      const example = path.join(installed, "examples", "requests");
      const server = await ServeProcess.start(example, [launcher], { ...env, XDG_CACHE_HOME: cache });
      assert.equal((await server.get("/")).status, 200);
      files.push(await made());
      assert.equal(await server.stop(), 0);
      const kept = readdirSync(folder).filter((name) => /\.(?:command|thread|scripts|code)$/.test(name));
      assert.equal(kept.length, 4, kept.join(", "));
      if (start === 0)
        truncateSync(path.join(folder, kept.find((name) => name.endsWith(".command")) as string), damaged);
    }
    // V8 has taken it.
    assert.equal(files[2], files[1]);
  });

  it("says that V8's code cannot be used, whoever was to load it, and makes it anew", async () => {
    const launcher = path.join(installed, "..", ".bin", "blockon");
    const cache = path.join(root, "cache");
    const folder = path.join(cache, "blockon", "snapshots");
    const example = path.join(installed, "examples", "requests");
    const [name] = readdirSync(folder).filter((each) => each.endsWith(".code"));
    const file = path.join(folder, name as string);
    const whole = statSync(file).size;
    truncateSync(file, 1000);
    const server = await ServeProcess.start(example, [launcher], { ...env, XDG_CACHE_HOME: cache });
    assert.equal((await server.get("/")).status, 200);
    await server.logged(/the compiled code \S+\.code cannot be used: it is truncated; making it anew/);
    for (const end = performance.now() + 120_000; statSync(file).size < whole / 2; ) {
      assert.ok(performance.now() < end, "it is not made anew");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.equal(await server.stop(), 0);
  });

  it("begins with what the last start noted, whatever the note says", async () => {
    const launcher = path.join(installed, "..", ".bin", "blockon");
    const cache = path.join(root, "cache");
    const starts = path.join(cache, "blockon", "starts");
    const example = path.join(installed, "examples", "requests");
    rmSync(starts, { recursive: true, force: true });
    /** The one note, when it is there and not as it was. */
    const noted = async (before: string): Promise<string> => {
      for (const end = performance.now() + 60_000; performance.now() < end; ) {
        const [name] = existsSync(starts) ? readdirSync(starts).filter((each) => /^[0-9a-f]{8}$/.test(each)) : [];
        const text = name === undefined ? before : readFileSync(path.join(starts, name), "utf8");
        if (text !== before) return text;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error("nothing was noted");
    };
    const put = (text: string): void =>
      writeFileSync(path.join(starts, readdirSync(starts)[0] as string), text, { mode: 0o600 });
    const start = async (before: string): Promise<string> => {
      const server = await ServeProcess.start(example, [launcher], { ...env, XDG_CACHE_HOME: cache });
      assert.equal((await server.get("/")).status, 200);
      const after = await noted(before);
      assert.equal(await server.stop(), 0);
      assert.doesNotMatch(JSON.stringify(server.log), /cannot be used/);
      return after;
    };
    const first = await start("");
    assert.match(first, /\nused 0 0 0\n$/);
    const second = await start(first);
    // A thread that boots late makes its realm when its options are there.
    const used = /\nused (\d+) 1 [01]\n$/.exec(second);
    assert.equal(Number(used?.[1]), second.match(/^(?:image|bytes) /gm)?.length);
    const key = /^image (\S+) /m.exec(second)?.[1] as string;
    for (const other of [
      "",
      "x".repeat(100_000),
      second.replace(/^folder .*/, "folder /elsewhere"),
      second.replace(/^thread .*/m, "thread {"),
      second.replace(/^thread .*/m, 'thread {"name":"x","resourceLimits":{},"execArgv":["--no-such-flag"]}'),
      second.replace("--allow-net", "--allow-wasi"),
      second.replace(/^realm .*/m, "realm {"),
      second.replace(/^realm .*/m, 'realm {"distribution":"/nowhere","scripts":{}}'),
      second.replace(/^realm (.*)"stackBytes":\d+/m, 'realm $1"stackBytes":1000000'),
      // Of that key, and another file; a file that is none of the kind; one that is not there.
      second.replace(/^bytes (\S+) /m, `bytes ${key} `).replace(/^image .*\n/m, ""),
      second.replace(/^image (\S+) .*/m, `image $1 ${launcher}`),
      second.replace(/^image (\S+) .*/m, "image $1 /nowhere"),
    ]) {
      put(other);
      const after = await start(other);
      assert.equal(after.replace(/used .*/, ""), second.replace(/used .*/, ""), other.slice(0, 2000));
    }
  });

  it("says how to get an older Python, and serves on it when it is installed", async () => {
    const launcher = path.join(installed, "..", ".bin", "blockon");
    const folder = path.join(root, "older");
    mkdirSync(folder);
    writeFileSync(
      path.join(folder, "wrangler.toml"),
      'name = "older"\nmain = "entry.py"\ncompatibility_date = "2024-03-18"\ncompatibility_flags = ["python_workers"]\n',
    );
    writeFileSync(
      path.join(folder, "entry.py"),
      "import sys\nfrom js import Response\n\nasync def on_fetch(request):\n    return Response.new(sys.version)\n",
    );
    await assert.rejects(
      run(launcher, ["serve", folder, "--port", "0"], { env }),
      /Python 3\.12 \(Pyodide 0\.26\.4\) is not installed\. .*: npm install blockon-pyodide-0\.26\.4, /,
    );
    const program = path.join(installed, "..", "..");
    await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", older as string], {
      cwd: program,
      env,
    });
    const server = await ServeProcess.start(folder, [launcher], env);
    const answer = await server.get("/").then((response) => response.text());
    assert.equal(await server.stop(), 0);
    assert.match(answer, /^3\.12\./);
  });

  it("runs code in sandboxes, in threads and processes", async () => {
    const folder = path.join(root, "sandboxes");
    mkdirSync(folder);
    writeFileSync(
      path.join(folder, "wrangler.toml"),
      'name = "sandboxes"\nmain = "entry.py"\ncompatibility_date = "2026-11-01"\ncompatibility_flags = ["python_workers"]\n[blockon.sandbox]\n',
    );
    writeFileSync(
      path.join(folder, "entry.py"),
      `from blockon import Sandbox

async def fetch(request):
    runs = [await Sandbox().run("6 * 7", isolation=each) for each in ("thread", "process")]
    return [run.value for run in runs]
`,
    );
    const server = await ServeProcess.start(folder, [path.join(installed, "..", ".bin", "blockon")], env);
    assert.deepEqual(await (await server.get("/")).json(), [42, 42]);
    assert.equal(await server.stop(), 0);
  });

  it("is what its command says", async () => {
    const launcher = path.join(installed, "..", ".bin", "blockon");
    const { version } = JSON.parse(readFileSync(path.join(installed, "package.json"), "utf8")) as { version: string };
    assert.equal((await run(launcher, ["--version"], { env })).stdout.trim(), version);
    assert.match((await run(launcher, ["--help"], { env })).stdout, /serve \[options\] \[folders...\]/);
  });

  it("loads Pyodide for an embedder", async () => {
    const script = `
      import { loadPyodide } from "blockon";
      const pyodide = await loadPyodide();
      globalThis.later = () => new Promise((resolve) => setTimeout(resolve, 5, 42));
      console.log(await pyodide.runPythonAsync("import js; from pyodide.ffi import run_sync; run_sync(js.later())"));
    `;
    const file = path.join(installed, "..", "..", "embed.mjs");
    writeFileSync(file, script);
    assert.equal((await run(process.execPath, [file], { env })).stdout, "42\n");
  });

  it("is loaded by require, and has the types of Pyodide's API", async () => {
    const app = path.join(installed, "..", "..");
    const script = `
      const { loadPyodide, version } = require("blockon");
      loadPyodide().then((pyodide) => console.log(pyodide.version === version, pyodide.runPython("6 * 7")));
    `;
    writeFileSync(path.join(app, "embed.cjs"), script);
    assert.equal((await run(process.execPath, [path.join(app, "embed.cjs")], { env })).stdout, "true 42\n");
    const program = `
      import { type LoadOptions, loadPyodide, type PyodideAPI, type PyodideConfig, type PyodideInterface, version } from "blockon";
      import type { PyProxy, PythonError } from "blockon/ffi";
      const options: PyodideConfig = { stdout: (text: string) => console.log(text), packages: [version] };
      export const limited: LoadOptions = { ...options, maxFibers: 5, fetch: (url) => fetch(url), shims: true };
      const pyodide: PyodideAPI & PyodideInterface = await loadPyodide(options);
      const proxy: PyProxy = pyodide.globals.get("x");
      export const found: [PyProxy, PythonError?] = [proxy];
      // @ts-expect-error: not any
      pyodide.noSuchMethod();
      // @ts-expect-error: an option that is none
      await loadPyodide({ noSuchOption: 1 });
    `;
    writeFileSync(path.join(app, "typed.mts"), program);
    const modules = path.join(import.meta.dirname, "../../node_modules");
    const types = ["--typeRoots", path.join(modules, "@types"), "--types", "node,emscripten"];
    const how = ["--noEmit", "--strict", "--skipLibCheck", "--target", "esnext", "--module", "nodenext", ...types];
    await run(process.execPath, [path.join(modules, "typescript/bin/tsc"), ...how, "typed.mts"], { cwd: app, env });
  });

  it("says whose work it holds", () => {
    const notice = readFileSync(path.join(installed, "NOTICE"), "utf8");
    const [version] = readdirSync(path.join(installed, "build", "dist")).filter((name) => /^\d/.test(name));
    for (const name of readdirSync(path.join(installed, "build", "dist", version as string))) {
      assert.ok(notice.includes(name), `NOTICE does not name ${name}`);
    }
    for (const [, text] of notice.matchAll(/\((licenses\/.*?)\)/g)) readFileSync(path.join(installed, text as string));
    for (const source of [
      "LICENSE",
      `patches/${version}/outputs.toml`,
      "jspi/guest/run_sync.cc",
      "jspi/passes/merge_guest.cc",
    ]) {
      readFileSync(path.join(installed, source));
    }
    const bundled = readFileSync(path.join(installed, "runtime", "bundle", "LICENSES.txt"), "utf8");
    for (const name of ["commander", "pino", "smol-toml", "prom-client", "chokidar"]) {
      assert.match(bundled, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, "m"));
    }
    const modules = path.join(installed, "examples", "requests", "python_modules");
    for (const info of readdirSync(modules).filter((name) => name.endsWith(".dist-info"))) {
      assert.ok(readdirSync(path.join(modules, info)).includes("licenses"), `${info} has no licence`);
    }
  });
});
