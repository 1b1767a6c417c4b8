// Sandbox of the Python API: code that runs in an interpreter of its own, what it is given, its limits, and that nothing of it stays.
import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { parseWorkerConfig } from "../../runtime/config/wrangler.ts";
import { ServeProcess, serveUntilExit } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
from blockon import Sandbox, SandboxError, SandboxTimeoutError

secret = "of the Worker"

async def fetch(request, env):
    asked = request.json()
    options = asked.get("options", {})
    try:
        sandbox = Sandbox()
        if asked.get("blocking"):
            result = sandbox.run_blocking(asked["code"], **options)
        else:
            result = await sandbox.run(asked["code"], **options)
    except SandboxError as error:
        return {"error": type(error).__name__, "type": error.type, "message": str(error), "traceback": error.traceback,
            "stdout": error.stdout}
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}
    return {"value": result.value, "stdout": result.stdout, "stderr": result.stderr}
`;
const flags = ["blockon_api_2026_11_01"];

interface Outcome {
  readonly value?: unknown;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly error?: string;
  readonly type?: string;
  readonly message?: string;
  readonly traceback?: string;
}

describe("a sandbox", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(
      entry,
      flags,
      '[vars]\nNAME = "of the Worker"\n[blockon.sandbox]\nmax_seconds = 20\nmax_memory = 128\nmax_instances = 2\n',
    );
    folder.write("python_modules/given/__init__.py", "value = 42\n");
    folder.write("python_modules/given-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: given\nVersion: 1.0\n");
    server = await ServeProcess.start(folder.path);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  const run = async (code: string, options: object = {}, blocking = false): Promise<Outcome> => {
    const response = await server.get("/", { method: "POST", body: JSON.stringify({ code, options, blocking }) });
    const text = await response.text();
    assert.equal(response.status, 200, `${text}\n${server.log.at(-1)?.msg}`);
    return JSON.parse(text);
  };
  const valueFrom = async (code: string, options: object = {}): Promise<unknown> => {
    const { value, error, message } = await run(code, options);
    assert.equal(error, undefined, message ?? "");
    return value;
  };

  it("gives the value of the last expression, and what was written", async () => {
    const code = `
import asyncio, sys
print("out")
print("err", file=sys.stderr)
await asyncio.sleep(0.001)
{"a": [1, None, True, 1.5, "ü"]}
`;
    const expected = { value: { a: [1, null, true, 1.5, "ü"] }, stdout: "out\n", stderr: "err\n" };
    assert.deepEqual(await run(code), expected);
    assert.deepEqual(await run(code, {}, true), expected);
    const long = await run("print('x' * (1 << 20) + 'yy')");
    assert.match(long.stdout ?? "", /^x{1048576}\n\.\.\. 3 more characters are left out$/);
  });

  it("tells what the code raised, with its own frames alone", async () => {
    const code = "def f():\n    return 1 / 0\nprint('before')\nf()";
    const failed = await run(code);
    assert.deepEqual(
      { ...failed, traceback: "" },
      {
        error: "SandboxError",
        type: "ZeroDivisionError",
        message: "division by zero",
        traceback: "",
        stdout: "before\n",
      },
    );
    assert.match(failed.traceback ?? "", /^Traceback .*\n {2}File "<sandbox>", line 4, in <module>\n {4}f\(\)/);
    assert.match(failed.traceback ?? "", /line 2, in f\n {4}return 1 \/ 0/);
    assert.equal((await run("a b")).type, "SyntaxError");
    assert.equal((await run("raise SystemExit(3)")).type, "SystemExit");
    assert.match((await run("object()")).message ?? "", /the value is of object: what is sent/);
    const ended = await run("import os; os._exit(3)");
    assert.deepEqual([ended.type, ended.message], ["Ended", "Exit: Program terminated with exit(3)"]);
  });

  it("leaves nothing to the next, and shares nothing with it", async () => {
    const code = `
import builtins, json, os, random, sys, uuid
from pathlib import Path
import js
seen = [hasattr(builtins, "left"), hasattr(json, "left"), Path("left").exists(), "LEFT" in os.environ, hasattr(js.globalThis, "left")]
builtins.left = json.left = js.globalThis.left = True
os.environ["LEFT"] = "behind"
Path("left").write_text("behind")
[seen, random.random(), str(uuid.uuid4())]
`;
    const all = (await Promise.all([run(code), run(code), run(code)])).map(
      ({ value }) => value as [boolean[], number, string],
    );
    for (const [seen] of all) assert.deepEqual(seen, Array(5).fill(false));
    assert.equal(new Set(all.flatMap(([, ...random]) => random)).size, 6);
  });

  it("has nothing of the Worker's: no variables, bindings, modules or files", async () => {
    const code = `
import os, sys
from pathlib import Path
import _blockon_host, js
found = [str(path) for path in Path("/session").rglob("*.py") if "python_modules" not in path.parts]
[found, "worker_entry" in sys.modules, list(js.Object.keys(_blockon_host.entrypointHelper.cloudflareWorkersModule.env)), "NAME" in os.environ, _blockon_host.sandbox is None]
`;
    assert.deepEqual(await valueFrom(code), [["/session/blockon_sandbox_entry.py"], false, [], false, true]);
  });

  it("has the files that it is given", async () => {
    const options = { files: { "data.csv": "a,b\n", "deep/er/x.txt": "x" } };
    assert.deepEqual(await valueFrom("[open('data.csv').read(), open('deep/er/x.txt').read()]", options), [
      "a,b\n",
      "x",
    ]);
    for (const name of ["/tmp/x", "../x", "a/../../x", ""]) {
      assert.match((await run("1", { files: { [name]: "" } })).message ?? "", /is no path below the folder/);
    }
    assert.match((await run("1", { files: { x: 1 } })).message ?? "", /'x' is no name with bytes or str, but int/);
  });

  it("has the Worker's packages where it asks for them", async () => {
    assert.equal(await valueFrom("import given; given.value", { packages: ["Given"] }), 42);
    assert.equal((await run("import given")).type, "ModuleNotFoundError");
    assert.match(
      (await run("1", { packages: ["other"] })).message ?? "",
      /the package other is none of the Worker's, which are: given/,
    );
    assert.match((await run("1", { packages: "given" })).message ?? "", /packages are names of packages, not a str/);
  });

  it("reaches the network where it is given that", async () => {
    const target = http.createServer((_, response) => response.end("reached"));
    await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
    const { port } = target.address() as AddressInfo;
    const byRealm = `import js; await (await js.fetch("http://127.0.0.1:${port}/")).text()`;
    const bySocket = `import urllib.request; urllib.request.urlopen("http://127.0.0.1:${port}/").read().decode()`;
    try {
      for (const code of [byRealm, bySocket]) assert.equal(await valueFrom(code, { fetch: true }), "reached");
      assert.equal((await run(byRealm)).message, "TypeError: fetch failed");
      assert.match((await run(bySocket)).message ?? "", /not permitted|refus|denied|outbound/i);
    } finally {
      target.close();
      target.closeAllConnections();
    }
  });

  it("ends at its time, whatever it does", async () => {
    for (const code of ["while True: pass", "import time; time.sleep(60)"]) {
      const { error, message } = await run(code, { timeout: 1 });
      assert.deepEqual([error, message], ["SandboxTimeoutError", "the code was ended after 1 s"]);
    }
    assert.match(
      (await run("1", { timeout: 21 })).message ?? "",
      /^timeout=21: seconds, up to max_seconds .* which is 20$/,
    );
    assert.match((await run("1", { timeout: 0 })).message ?? "", /^timeout=0: seconds/);
  });

  it("has so much memory", async () => {
    const code = "kept = []\nfor _ in range(100): kept.append(bytes(4 << 20))";
    const failed = await run(code);
    assert.deepEqual([failed.type, failed.error], ["MemoryError", "SandboxError"]);
    assert.match(failed.traceback ?? "", /<sandbox>/);
    assert.equal(await valueFrom("len(bytes(16 << 20))"), 16 << 20);
    assert.equal((await run("len(bytes(16 << 20))", { memory: 48 })).type, "MemoryError");
    assert.match(
      (await run("1", { memory: 129 })).message ?? "",
      /^memory=129: MiB, up to max_memory .* which is 128$/,
    );
  });

  it("waits for its turn", async () => {
    const all = await Promise.all(Array.from({ length: 5 }, (_, i) => valueFrom(`import time; time.sleep(0.1); ${i}`)));
    assert.deepEqual(all, [0, 1, 2, 3, 4]);
  });
});

describe("where there are no sandboxes", () => {
  it("the error says how to have them", async () => {
    const folder = workerFolder(entry, flags);
    const server = await ServeProcess.start(folder.path);
    const response = await server.get("/", { method: "POST", body: JSON.stringify({ code: "1" }) });
    const { error, message } = (await response.json()) as Outcome;
    assert.equal(error, "RuntimeError");
    assert.match(message ?? "", /add the table \[blockon\.sandbox\]/);
    await server.stop();
    folder.remove();
  });

  it("an older Python is refused, with the way to a newer one", async () => {
    const folder = workerFolder(entry, ["python_workers_20250116", "no_python_workers_314"], "[blockon.sandbox]\n");
    const { code, stderr } = await serveUntilExit(folder.path);
    assert.notEqual(code, 0);
    assert.match(stderr, /\[blockon\.sandbox\] is not there on Python 3\.13: choose Python 3\.14/);
    folder.remove();
  });

  it("limits that are none are refused, with their lines", () => {
    const parse = (more: string) =>
      parseWorkerConfig(
        `name = "a"\nmain = "a.py"\ncompatibility_date = "2026-10-01"\ncompatibility_flags = ["python_workers"]\n[blockon.sandbox]\n${more}\n`,
        "wrangler.toml",
        { today: "2026-11-01" },
      );
    assert.deepEqual(parse("").sandbox, { ready: 1, most: 4, mostSeconds: 30, mostMemory: 256, isolation: "thread" });
    const refused: [toml: string, why: RegExp][] = [
      ["max_memory = 10", /wrangler\.toml:6: "max_memory" is the number 10; expected MiB, an integer from 64/],
      ["max_seconds = 0", /"max_seconds" is the number 0; expected more than 0 seconds/],
      ['isolation = "planet"', /"isolation" is the string "planet"; expected "thread" or "process"/],
      ["max_instances = 1001", /expected an integer from 1 to 1000/],
    ];
    for (const [toml, why] of refused) assert.throws(() => parse(toml), why);
    assert.match(parse("isolate = 1").warnings.join(), /"blockon\.sandbox\.isolate" is not known/);
  });
});
