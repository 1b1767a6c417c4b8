// From which compatibility date on the Python API is there, and what of a Worker CPython refuses.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { compatibilityTable } from "../../runtime/config/compatibility_table.ts";
import { packageRoot } from "../../runtime/layout.ts";
import { CPythonProcess } from "./lib/cpython_process.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const api = `from blockon import Request, env

def fetch(request, env):
    return "new"
`;

describe("the compatibility date of the Pythonic API", () => {
  const both = `from js import Response
try:
    from blockon import Request, env
    said = "there"
except ImportError as error:
    said = str(error)

def fetch(request, env):
    return "new"

def on_fetch(request):
    return Response.new(said)
`;
  const told =
    /^blockon\.Request is there from the compatibility date 2026-11-01 on; .* add "blockon_api_2026_11_01" to its compatibility_flags$/;

  async function answerOf(entry: string, date: string, flags: readonly string[] = []): Promise<string> {
    const folder = workerFolder(entry, flags);
    folder.write("wrangler.toml", wranglerToml(date, flags));
    const server = await ServeProcess.start(folder.path);
    try {
      return await (await server.get()).text();
    } finally {
      await server.stop();
      folder.remove();
    }
  }

  it("has it from its date on, or by its flag", async () => {
    assert.equal(await answerOf(api, "2026-11-01"), "new");
    assert.equal(await answerOf(api, "2026-10-31", ["blockon_api_2026_11_01"]), "new");
  });

  it("leaves a Worker of an earlier date what it had", async () => {
    assert.match(await answerOf(both, "2026-10-31"), told);
    assert.match(await answerOf(both, "2026-11-28", ["no_blockon_api_2026_11_01"]), told);
    // The older handlers come first.
    assert.equal(await answerOf(both, "2026-11-01"), "there");
  });

  it("says so where a Worker of an earlier date asks for it", async () => {
    const folder = workerFolder(api);
    folder.write("wrangler.toml", wranglerToml("2026-10-31", []));
    const server = await ServeProcess.start(folder.path);
    assert.ok((await server.get()).status >= 500);
    await server.logged(/ImportError: blockon\.Request is there from the compatibility date 2026-11-01 on/);
    await server.stop();
    const { code, log } = await CPythonProcess.untilExit([folder.path]);
    assert.notEqual(code, 0);
    assert.match(log, /ImportError: blockon\.Request is there from the compatibility date 2026-11-01 on/);
    folder.remove();
  });

  it("has the dates that its versions are called by", () => {
    const features = compatibilityTable.features.filter(({ flag }) => flag.startsWith("blockon_api_"));
    assert.ok(features.length > 0);
    for (const { flag, since } of features) assert.equal(flag, `blockon_api_${since?.replaceAll("-", "_")}`);
    const python = readFileSync(path.join(packageRoot, "shims/blockon/_api/versions.py"), "utf8");
    const versions = [...python.matchAll(/"(blockon_api_\d{4}_\d\d_\d\d)"/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(versions)].sort(), features.map(({ flag }) => flag).sort());
  });
});

const wranglerToml = (date: string, flags: readonly string[]): string => `name = "test"
main = "src/entry.py"
compatibility_date = "${date}"
compatibility_flags = ${JSON.stringify(["python_workers", "python_workers_314", ...flags])}
`;

describe("blockon.cpython", () => {
  const refusedBy = async (toml: string, entry: string, told: RegExp): Promise<void> => {
    const folder = workerFolder(entry);
    folder.write("wrangler.toml", `name = "test"\nmain = "src/entry.py"\ncompatibility_date = "2026-11-01"\n${toml}`);
    const { code, log } = await CPythonProcess.untilExit([folder.path]);
    assert.notEqual(code, 0);
    assert.match(log, told);
    folder.remove();
  };

  it("refuses bindings that it has not", async () => {
    await refusedBy(
      "[assets]\ndirectory = 'a'\nbinding = 'A'\n",
      api,
      /wrangler\.toml: assets: there is no such binding on CPython/,
    );
    await refusedBy("[[services]]\nbinding = 'A'\nservice = 'none'\n", api, /services: none is none of the Workers/);
  });

  it("refuses handlers of other forms", async () => {
    await refusedBy("", "def on_fetch(request): ...", /has handlers of another form, which only blockon can serve/);
    await refusedBy("", "def fetch(a, b, c, d): ...", /fetch \(entry\.py:1\) asks for 4 arguments/);
    await refusedBy("", "a = 1", /defines no handler/);
  });

  it("keeps KV in a file", async () => {
    const folder = workerFolder(`from blockon import env

def fetch(request):
    before = env.CACHE.get("key")
    env.CACHE.put("key", "kept")
    return before or "nothing"
`);
    folder.write("wrangler.toml", `${wranglerToml("2026-11-01", [])}kv_namespaces = [{ binding = "CACHE" }]\n`);
    const file = path.join(folder.path, "kv.sqlite");
    for (const expected of ["nothing", "kept"]) {
      const process = await CPythonProcess.start([folder.path], "--kv", file);
      assert.equal(await (await fetch(process.url)).text(), expected);
      await process.stop();
    }
    folder.remove();
  });
});
