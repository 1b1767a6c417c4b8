// What a Worker's interpreter has of its packages: files that come when they are opened, and bytecode that is made once.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { compilePackages } from "../../runtime/cli/compile_packages.ts";
import { createWorker } from "../../runtime/cli/create_worker.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import { pyodideVersion } from "../../runtime/layout.ts";
import { knownBytecode } from "../../runtime/packages/bytecode.ts";
import type { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { cacheFolder } from "../../runtime/user_cache.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

/** Runs the text of the request and answers with what it calls \`result\`. */
const entry = `
import json
from pathlib import Path
from js import Response

async def on_fetch(request):
    names = {}
    try:
        exec(await request.text(), names)
        result = names["result"]
    except BaseException as error:
        result = f"{type(error).__name__}: {error}"
    return Response.new(json.dumps(result))
`;

async function answer(worker: WorkerHost, text: string): Promise<unknown> {
  const body = new TextEncoder().encode(text);
  const response = await worker.fetch({ method: "POST", url: "http://worker/", headers: [], body });
  assert.ok(response.body instanceof Uint8Array);
  return JSON.parse(new TextDecoder().decode(response.body));
}

const current = { version: pyodideVersion };

describe("a Worker's packages", () => {
  const before = process.env.XDG_CACHE_HOME;
  let cache: string;
  let packages: string;
  let folder: WorkerFolder;
  const notices: string[] = [];
  const log = { info: (line: string) => notices.push(line), warn: (line: string) => notices.push(line) };

  const write = (name: string, text: string): void => {
    const file = path.join(packages, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  };

  /** What each text comes to, in a Worker that was started when the files were as they are now; a function is called in its turn. */
  const results = async (...steps: (string | (() => void))[]): Promise<unknown[]> => {
    const worker = createWorker(readWorkerConfig(folder.path, {}), { packages, onLog: () => {}, onOutput: () => {} });
    const found: unknown[] = [];
    try {
      await worker.start();
      for (const step of steps) {
        if (typeof step === "string") found.push(await answer(worker, step));
        else step();
      }
    } finally {
      await worker.stop();
    }
    return found;
  };

  beforeEach(() => {
    cache = mkdtempSync(path.join(os.tmpdir(), "blockon-cache-"));
    process.env.XDG_CACHE_HOME = cache;
    packages = cacheFolder("packages", "some");
    folder = workerFolder(entry);
    notices.length = 0;
  });
  afterEach(() => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
    folder.remove();
    rmSync(cache, { recursive: true, force: true });
  });

  const importThing = "import thing; result = thing.value";

  it("are all but what an installer makes of entry points", async () => {
    write("thing/bin/__init__.py", "value = 1\n");
    write("bin/thing", "#!/a/python\n");
    const programs =
      'import sys\nfrom pathlib import Path\nresult = [str(p) for p in sys.path if Path(p, "bin").exists()]';
    assert.deepEqual(await results("from thing import bin; result = bin.value", programs), [1, []]);
  });

  it("are read when somebody opens them, and are what the files are then", async () => {
    write("thing.py", "value = 1\n");
    write("data.txt", "short");
    write("gone.txt", "here");
    const text = (name: string) => `result = Path(__import__("thing").__file__).with_name("${name}").read_text()`;
    const script = (name: string) => `from pathlib import Path\n${text(name)}`;
    assert.deepEqual(
      await results(
        () => {
          write("thing.py", "value = 'of another length'\n");
          write("data.txt", "a text that is longer than it was");
          rmSync(path.join(packages, "gone.txt"));
        },
        importThing,
        script("data.txt"),
        () => write("data.txt", "other"),
        script("data.txt"),
        script("gone.txt"),
      ),
      [
        "of another length",
        "a text that is longer than it was",
        "a text that is longer than it was",
        "OSError: [Errno 29] I/O error",
      ],
    );
  });

  it("may be written to by the Worker, for itself", async () => {
    write("thing.py", "value = 1\n");
    write("data.txt", "of the host");
    const script = `
import thing
from pathlib import Path
folder = Path(thing.__file__).parent
data = folder / "data.txt"
sizes = [data.stat().st_size]
with data.open("a") as file:
    file.write(", and more")
texts = [data.read_text()]
data.write_text("new")
texts.append(data.read_text())
with (folder / "thing.py").open("r+b") as file:
    file.truncate(3)
texts.append((folder / "thing.py").read_text())
data.rename(folder / "moved.txt")
texts.append((folder / "moved.txt").read_text())
result = [sizes, texts, sorted(each.name for each in folder.iterdir())]`;
    const [result] = await results(script);
    assert.deepEqual(result, [[11], ["of the host, and more", "new", "val", "new"], ["moved.txt", "thing.py"]]);
    assert.deepEqual(await results(importThing), [1]);
  });

  it("are compiled once, and used so", async () => {
    write("thing.py", "value = 'compiled'\n");
    write("deep/er/__init__.py", "import sys; value = sys._getframe().f_code.co_filename\n");
    write("deep/bad.py", "a template {{ of something }} else\n");
    write("deep/zero.py", "x = 1\0\n");
    write("deep/latin.py", "# coding: latin-1\nvalue = 'caf\u00e9'\n");
    await compilePackages(packages, current, log);
    assert.deepEqual(notices.splice(0), ["compiling 5 modules of the Worker's Python packages, once"]);
    const bytecode = knownBytecode(packages);
    assert.ok(
      bytecode !== undefined && existsSync(path.join(bytecode, "deep/er/__pycache__/__init__.cpython-314.pyc")),
    );
    assert.ok(!existsSync(path.join(bytecode, "deep/__pycache__/bad.cpython-314.pyc")));

    // Nobody changes what is in the cache: so this shows which of the two is used.
    write("thing.py", "value = 'from its source'\n");
    const bad = "import deep.bad";
    const [compiled, file, error, latin] = await results(
      importThing,
      "import deep.er; result = deep.er.value",
      bad,
      "import deep.latin; result = deep.latin.value",
    );
    assert.equal(compiled, "compiled");
    assert.equal(file, "/session/metadata/python_modules/deep/er/__init__.py");
    assert.match(String(error), /^SyntaxError: .*bad\.py, line 1/);
    assert.equal(latin, "caf\u00c3\u00a9");

    await compilePackages(packages, current, log);
    assert.deepEqual(notices, []);
  });

  it("of a folder that may change are not compiled", async () => {
    packages = path.join(folder.path, "python_modules");
    write("thing.py", "value = 1\n");
    await compilePackages(packages, current, log);
    await compilePackages(undefined, current, log);
    packages = cacheFolder("packages", "of-an-older-one");
    await compilePackages(packages, { version: "0.26.4" }, log);
    packages = path.join(folder.path, "python_modules");
    assert.deepEqual(notices, []);
    assert.ok(!existsSync(cacheFolder("bytecode")));
    assert.deepEqual(await results(importThing), [1]);
  });

  it("start without bytecode where it cannot be kept", async () => {
    write("thing.py", "value = 1\n");
    writeFileSync(cacheFolder("bytecode"), "a file in its place");
    await compilePackages(packages, current, log);
    assert.equal(notices.length, 2);
    assert.match(notices[1] as string, /could not be compiled, so it starts more slowly: .*cannot be made/);
    assert.deepEqual(await results(importThing), [1]);
  });
});
