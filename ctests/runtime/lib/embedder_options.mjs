// A program of embedder.test.ts: every option of loadPyodide, of stock Pyodide and of blockon's. The second argument is a
// folder with the wheel tiny-1.0-py3-none-any.whl.
import { readFileSync } from "node:fs";
import path from "node:path";
import vm from "node:vm";
import { distribution, loadPyodide, outcome, report } from "./embedder_pyodide.mjs";

const wheels = process.argv[3];
const lock = JSON.parse(readFileSync(path.join(distribution, "pyodide-lock.json"), "utf8"));
const lockWithTiny = JSON.parse(readFileSync(path.join(wheels, "tiny-lock.json"), "utf8"));
const failing = (options) => () => loadPyodide(options);

async function streams() {
  const seen = [];
  const lines = ["first", "second", null];
  const pyodide = await loadPyodide({
    stdin: () => lines.shift(),
    stdout: (text) => seen.push(`out: ${text}`),
    stderr: (text) => seen.push(`err: ${text}`),
    args: ["-W", "error::UserWarning", "-X", "dev"],
    env: { HOME: "/home/someone", COLOUR: "blue" },
    fullStdLib: true,
    indexURL: path.relative(".", distribution),
    checkAPIVersion: false,
    stdLibURL: path.join(distribution, "python_stdlib.zip"),
    _sysExecutable: "/usr/bin/snake",
    fsInit: async (FS, { sitePackages }) => {
      await Promise.resolve();
      FS.writeFile(`${sitePackages}/early.py`, "moment = 'before the start'\n");
    },
  });
  pyodide.runPython(`
    import os, sys, early
    print(input(), input())
    print("to stderr", file=sys.stderr)
    try:
        input()
    except EOFError:
        print("no more lines")
    print(os.environ["HOME"], os.environ["COLOUR"], os.getcwd(), sys.executable, early.moment)
    print(sys.warnoptions, sys._xoptions, sys.flags.dev_mode)
    import tarfile
    print(sys.path)
  `);
  return seen;
}

async function otherContext() {
  const context = vm.createContext({ setTimeout });
  const run = (code) => vm.runInContext(code, context);
  run(`
    globalThis.self = globalThis;
    globalThis.later = (value) => new Promise((resolve) => setTimeout(resolve, 2, value));
    globalThis.fails = () => Promise.reject(new TypeError("of the other context"));
    globalThis.here = "in the context";
  `);
  const pyodide = await loadPyodide({
    jsglobals: run("globalThis"),
    convertNullToNone: true,
    toJsLiteralMap: true,
    pyproxyToStringRepr: true,
    enableRunUntilComplete: false,
    lockFileURL: path.join(wheels, "tiny-lock.json"),
    packages: ["tiny"],
  });
  const code = `
    import asyncio, js
    from pyodide.code import run_js
    from pyodide.ffi import run_sync, to_js, JsException
    import tiny
    seen = [js.here, hasattr(js, "process"), run_sync(js.later(5)), run_sync(js.Promise.resolve(6)), run_js("null"), tiny.size]
    try:
        run_sync(js.fails())
    except JsException as error:
        seen.append(str(error))
    async def main():
        return await js.later(7) + run_sync(js.later(8))
    seen.append(run_sync(main()))
    try:
        seen.append(str(asyncio.get_event_loop().run_until_complete(main())))
    except BaseException as error:
        seen.append(repr(error))
    js.result = to_js({"a": 1})
    js.call = lambda: run_sync(js.later(9))
    repr(seen)
  `;
  const seen = [await pyodide.runPythonAsync(code), String(pyodide.globals.get("str")("text")), run("result.a")];
  seen.push(await outcome(() => pyodide.runPython("lambda: __import__('js').later(10)")()));
  // Called from the other context: by a promise of it, synchronously, and promising.
  seen.push(await outcome(() => run("Promise.resolve().then(() => call())")));
  context.python = pyodide.globals.get("main");
  seen.push(await run("(async () => (await python()) + 1)()"));
  context.python = pyodide.runPython("lambda n: run_sync(js.later(n))");
  seen.push(await run("(async () => (await python.callPromising(11)) + 1)()"));
  return seen;
}

async function packages() {
  const options = {
    lockFileContents: Promise.resolve(lockWithTiny),
    packageBaseUrl: wheels,
    packageCacheDir: wheels,
    packages: ["tiny"],
  };
  const pyodide = await loadPyodide(options);
  const messages = [];
  const options2 = { messageCallback: (text) => messages.push(text), errorCallback: (text) => messages.push(text) };
  const again = await pyodide.loadPackage("tiny", options2);
  const found = await pyodide.loadPackagesFromImports("import tiny", options2);
  const missing = await outcome(() => pyodide.loadPackage("no-such-package", options2));
  const { loadedPackages, lockfileBaseUrl } = pyodide;
  return [
    pyodide.runPython("import tiny; tiny.size"),
    loadedPackages,
    again,
    found,
    missing,
    messages,
    lockfileBaseUrl,
  ];
}

async function snapshots() {
  const fsInit = async (FS, { sitePackages }) => FS.writeFile(`${sitePackages}/kept.py`, "answer = 42\n");
  const made = await loadPyodide({ _makeSnapshot: true, fsInit });
  const thing = { name: "a thing of the host" };
  made.registerJsModule("host", { thing });
  made.runPython("import host; from host import thing; import kept; state = [1, 2, kept.answer]");
  const serializer = (object) => (object === thing ? "thing" : null);
  const snapshot = made.makeMemorySnapshot({ serializer });
  const restored = await loadPyodide({
    _loadSnapshot: Promise.resolve(snapshot),
    _snapshotDeserializer: (text) => (text === "thing" ? thing : null),
  });
  const code =
    "import asyncio; from pyodide.ffi import run_sync; repr((state, thing.name, run_sync(asyncio.sleep(0, 5))))";
  snapshot[20] ^= 1;
  const mismatch = await outcome(failing({ _loadSnapshot: snapshot }));
  return [await restored.runPythonAsync(code), mismatch.error, mismatch.text?.slice(0, 7)];
}

async function module() {
  const { default: createPyodideModule } = await import(path.join(distribution, "pyodide.asm.mjs"));
  const pyodide = await loadPyodide({ createPyodideModule, lockFileContents: JSON.stringify(lock), stdin: undefined });
  pyodide.setDebug(true);
  return [
    pyodide.version,
    pyodide.runPython("import sys; sys.version"),
    Object.keys(pyodide).sort(),
    pyodide.lockfile.info,
  ];
}

await report(
  {
    "stdin, stdout, stderr, args, env, fullStdLib, stdLibURL, _sysExecutable, fsInit, indexURL, checkAPIVersion":
      streams,
    "jsglobals of another context, convertNullToNone, toJsLiteralMap, pyproxyToStringRepr, lockFileURL": otherContext,
    "lockFileContents as a promise, packageBaseUrl, packageCacheDir, packages": packages,
    "_makeSnapshot, _loadSnapshot, _snapshotDeserializer": snapshots,
    "createPyodideModule, lockFileContents as text, an option that is undefined": module,
    "both lockFileContents and lockFileURL": failing({ lockFileContents: lock, lockFileURL: "pyodide-lock.json" }),
    "an indexURL without Pyodide": failing({ indexURL: path.join(wheels, "nothing") }),
    "a lockFileURL without a file": failing({ lockFileURL: path.join(wheels, "none.json") }),
    "an exit at the start": failing({ args: ["--version"], stdout: () => {} }),
  },
  false,
);
