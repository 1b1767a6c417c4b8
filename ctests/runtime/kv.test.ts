// KV as a Worker has it: Cloudflare's API on `env`, its limits, and values that outlast the server.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { acknowledgedOverKills } from "./lib/killed_puts.ts";
import { failing, run, scriptWorker } from "./lib/script_worker.ts";
import { ServeProcess, serveUntilExit } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const toml = `
[[kv_namespaces]]
binding = "KV"
id = "0123456789abcdef0123456789abcdef"

[[kv_namespaces]]
binding = "SAME"
id = "0123456789abcdef0123456789abcdef"

[[kv_namespaces]]
binding = "OTHER"
`;

describe("env.KV", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(scriptWorker, [], toml);
    server = await ServeProcess.start(folder.path);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  it("gives back what was put, by each type", async () => {
    await run(server, `run_sync(env.KV.put("text", "grüße \\ufeff\\U0001F600"))`);
    assert.equal(await run(server, `result = run_sync(env.KV.get("text"))`), "grüße \ufeff\u{1F600}");
    assert.equal(await run(server, `result = run_sync(env.SAME.get("text", "text"))`), "grüße \ufeff\u{1F600}");
    assert.equal(await run(server, `result = run_sync(env.OTHER.get("text"))`), null);
    await run(server, `run_sync(env.KV.put("json", '{"a": [1, null]}'))`);
    assert.deepEqual(await run(server, `result = run_sync(env.KV.get("json", type="json")).to_py()["a"][0]`), 1);
    assert.equal(
      await run(
        server,
        `run_sync(env.KV.put("bytes", to_js(bytes(range(256))))); result = sum(run_sync(env.KV.get("bytes", "arrayBuffer")).to_bytes())`,
      ),
      32640,
    );
    assert.equal(await run(server, `result = run_sync(env.KV.get("nothing", "json"))`), null);
    assert.match(await failing(server, `run_sync(env.KV.get("text", "json"))`), /JSON/);
    assert.match(
      await failing(server, `run_sync(env.KV.get("text", "xml"))`),
      /"text", "json", "arrayBuffer" or "stream"/,
    );
  });

  it("takes and gives streams", async () => {
    const script = `stream = js.Response.new("streamed").body
run_sync(env.KV.put("stream", stream))
result = run_sync(js.Response.new(run_sync(env.KV.get("stream", "stream"))).text())`;
    assert.equal(await run(server, script), "streamed");
    assert.equal(await run(server, `result = run_sync(env.KV.get("nothing", "stream"))`), null);
  });

  it("takes what Python has as it is", async () => {
    await run(
      server,
      `run_sync(env.KV.put("py", b"\\x00\\xff", {"metadata": {"n": [1, {"deep": None}]}, "expirationTtl": 100}))`,
    );
    const found = await run(
      server,
      `entry = run_sync(env.KV.getWithMetadata("py", "arrayBuffer"))
result = [entry.value.to_bytes().hex(), js.JSON.stringify(entry.metadata)]`,
    );
    assert.deepEqual(found, ["00ff", '{"n":[1,{"deep":null}]}']);
    const listed = await run(server, `result = js.JSON.stringify(run_sync(env.KV.list(prefix="py")))`);
    const { keys } = JSON.parse(String(listed)) as { keys: { expiration: number }[] };
    assert.ok((keys[0] as { expiration: number }).expiration > Date.now() / 1000);
    for (const value of ["1", "None", "[1]", "{}", "1.5"]) {
      assert.match(
        await failing(server, `run_sync(env.KV.put("py", ${value}))`),
        /a value is a string, an ArrayBuffer/,
      );
    }
  });

  it("has metadata, null where there is none", async () => {
    await run(server, `run_sync(env.KV.put("m", "v", metadata={"a": 1})); run_sync(env.KV.put("plain", "v"))`);
    const script = (key: string) => `result = js.JSON.stringify(run_sync(env.KV.getWithMetadata("${key}")))`;
    assert.equal(await run(server, script("m")), '{"value":"v","metadata":{"a":1},"cacheStatus":null}');
    assert.equal(await run(server, script("plain")), '{"value":"v","metadata":null,"cacheStatus":null}');
    assert.equal(await run(server, script("nothing")), '{"value":null,"metadata":null,"cacheStatus":null}');
    await run(server, `run_sync(env.KV.put("m", "w"))`);
    assert.equal(await run(server, script("m")), '{"value":"w","metadata":null,"cacheStatus":null}');
  });

  it("gets several keys at once", async () => {
    await run(server, `run_sync(env.KV.put("one", "1")); run_sync(env.KV.put("two", '{"b": 2}', metadata=7))`);
    const entries = `js.JSON.stringify(js.Object.fromEntries(found))`;
    assert.equal(
      await run(server, `found = run_sync(env.KV.get(["one", "two", "none"])); result = ${entries}`),
      '{"one":"1","two":"{\\"b\\": 2}","none":null}',
    );
    assert.equal(
      await run(server, `found = run_sync(env.KV.getWithMetadata(["two"], "json")); result = ${entries}`),
      '{"two":{"value":{"b":2},"metadata":7}}',
    );
    assert.match(await failing(server, `run_sync(env.KV.get(["one"], "stream"))`), /"text" or "json"/);
    assert.match(await failing(server, `run_sync(env.KV.get([]))`), /KV GET_BULK failed: 400 .*1 to 100/);
    assert.match(
      await failing(server, `run_sync(env.KV.get([str(n) for n in range(101)]))`),
      /KV GET_BULK failed: 400/,
    );
  });

  it("lists by prefix, page by page", async () => {
    await run(
      server,
      `from pyodide.ffi import run_sync
puts = [env.KV.put(f"list/{n:04}", "x") for n in range(1203)]
run_sync(asyncio.gather(*puts))`,
    );
    const sizes = await run(
      server,
      `result, cursor = [], ""
while True:
    page = run_sync(env.KV.list(prefix="list/", cursor=cursor))
    result.append([page.keys.length, page.list_complete, page.keys[0].name])
    if page.list_complete:
        break
    cursor = page.cursor`,
    );
    assert.deepEqual(sizes, [
      [1000, false, "list/0000"],
      [203, true, "list/1000"],
    ]);
    assert.equal(await run(server, `result = run_sync(env.KV.list(prefix="list/", limit=5)).keys.length`), 5);
    assert.match(await failing(server, `run_sync(env.KV.list(limit=0))`), /KV LIST failed: 400 limit is 0/);
    assert.match(await failing(server, `run_sync(env.KV.list(limit=1001))`), /1 to 1000/);
    assert.match(await failing(server, `run_sync(env.KV.list(cursor="%%"))`), /cursor/);
  });

  it("deletes, in the order that it was asked", async () => {
    await run(
      server,
      `env.KV.put("gone", "1"); env.KV.delete("gone"); run_sync(env.KV.put("back", "1")); env.KV.delete("back"); run_sync(env.KV.put("back", "2"))`,
    );
    assert.equal(await run(server, `result = run_sync(env.KV.get("gone"))`), null);
    assert.equal(await run(server, `result = run_sync(env.KV.get("back"))`), "2");
    await run(server, `run_sync(env.KV.delete("never was"))`);
  });

  it("has Cloudflare's limits", async () => {
    const limits: [script: string, text: RegExp][] = [
      [`env.KV.put("", "x")`, /a key must not be empty/],
      [`env.KV.get(".")`, /"\." cannot be a key/],
      [`env.KV.delete("..")`, /"\.\." cannot be a key/],
      [`env.KV.get(None)`, /a key is a string, not undefined/],
      [`env.KV.put("ä" * 256 + "x", "v")`, /KV PUT failed: 414 .*512 bytes of UTF-8, and this one 513/],
      [`env.KV.get("x" * 513)`, /KV GET failed: 414/],
      [`env.KV.put("k", js.Uint8Array.new(25 * 1024 * 1024 + 1))`, /KV PUT failed: 413 a value has at most 26214400/],
      [
        `env.KV.put("k", "v", metadata="x" * 1023)`,
        /KV PUT failed: 413 metadata has at most 1024 bytes of JSON, and this 1025/,
      ],
      [
        `env.KV.put("k", "v", expirationTtl=59)`,
        /KV PUT failed: 400 expirationTtl is 59; expected at least 60 seconds/,
      ],
      [`env.KV.put("k", "v", expiration=1000)`, /KV PUT failed: 400 expiration is 1000/],
      [`env.KV.put("k", "v", expirationTtl="soon")`, /expirationTtl is a number of seconds, not soon/],
    ];
    for (const [script, text] of limits) assert.match(await failing(server, `run_sync(${script})`), text);
    await run(server, `run_sync(env.KV.put("ä" * 256, js.Uint8Array.new(25 * 1024 * 1024), metadata="x" * 1022))`);
    assert.equal(await run(server, `result = run_sync(env.KV.get("ä" * 256, "arrayBuffer")).byteLength`), 26214400);
  });

  it("goes through the classes of workers as well", async () => {
    const script = `
import workers
class Default(workers.WorkerEntrypoint):
    pass
env = Default(ctx, env).env
async def use():
    await env.KV.put("sdk", "v", {"metadata": {"a": [1, 2]}})
    found = await env.KV.getWithMetadata("sdk")
    return [found["value"], found["metadata"]["a"], await env.KV.get("nothing")]
result = run_sync(use())`;
    assert.deepEqual(await run(server, script), ["v", [1, 2], null]);
  });

  it("goes on in a Worker that was started again", async () => {
    await run(server, `run_sync(env.KV.put("kept", "over an exit"))`);
    assert.equal((await server.get("/", { method: "POST", body: "import os; os._exit(1)" })).status, 500);
    assert.equal(await run(server, `result = run_sync(env.KV.get("kept"))`), "over an exit");
    await run(server, `run_sync(env.KV.put("kept", "again"))`);
    assert.equal(await run(server, `result = run_sync(env.KV.get("kept"))`), "again");
  });

  it("shows the Worker nothing of the state folder, and has it for this user alone", async () => {
    assert.equal(await run(server, `import os; result = os.path.exists("/session/metadata/.blockon")`), false);
    assert.deepEqual(readdirSync(path.join(folder.path, ".blockon", "state")).sort(), [
      "kv.sqlite",
      "kv.sqlite-shm",
      "kv.sqlite-wal",
    ]);
  });
});

describe("the values of KV", () => {
  const ends: (() => unknown)[] = [];
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  function folderWith(toml: string): WorkerFolder {
    const folder = workerFolder(putter, [], `[[kv_namespaces]]\nbinding = "KV"\n${toml}`);
    ends.push(() => folder.remove());
    return folder;
  }

  async function serve(folder: WorkerFolder, ...args: string[]): Promise<ServeProcess> {
    const server = await ServeProcess.start(folder.path, undefined, undefined, ...args);
    ends.push(() => server.stop());
    return server;
  }

  const putter = `
import js
from js import Response
from pyodide.ffi import run_sync

def on_fetch(request, env):
    key = js.URL.new(request.url).pathname[1:]
    if request.method == "PUT":
        run_sync(env.KV.put(key, f"the value of {key}"))
        return Response.new("put")
    return Response.new(run_sync(env.KV.get(key)))
`;

  it("that were acknowledged are there after a kill of the server in the middle of puts", async () => {
    const folder = folderWith("");
    const acknowledged = await acknowledgedOverKills(() => serve(folder), "put");
    const server = await serve(folder);
    for (const key of acknowledged) assert.equal(await (await server.get(`/${key}`)).text(), `the value of ${key}`);
    assert.equal(await server.stop(), 0);
  });

  it("are in the folder that is named, on the command line before the configuration", async () => {
    const folder = folderWith('[blockon]\nstate = "kept/here"\n');
    const first = await serve(folder);
    await first.get("/a", { method: "PUT" });
    await first.stop();
    const kept = path.join(folder.path, "kept", "here");
    assert.deepEqual(readdirSync(kept), ["kv.sqlite"]);
    const second = await serve(folder, "--state", path.join(folder.path, "other"));
    assert.equal(await (await second.get("/a")).text(), "");
    await second.stop();
    const third = await serve(folder, "--state", kept);
    assert.equal(await (await third.get("/a")).text(), "the value of a");
    await third.stop();
  });

  it("are not begun anew where the file is damaged", async () => {
    const folder = folderWith("");
    folder.write(".blockon/state/kv.sqlite", "no database at all".repeat(300));
    const { code, stderr } = await serveUntilExit(folder.path, "--port", "0");
    assert.equal(code, 1);
    assert.match(stderr, /^blockon: .*kv\.sqlite is damaged, or no database\. It was left as it is/m);
    assert.doesNotMatch(stderr, /^ +at /m);
  });
});
