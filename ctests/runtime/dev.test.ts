// blockon dev, as an author has it: what a save changes, what is kept, and how errors look.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { errorResponse } from "../../runtime/dev/error_page.ts";
import { shortTraceback } from "../../runtime/dev/traceback.ts";
import { answered as answeredBy } from "./lib/answered.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const toml = (name: string): string => `[vars]\nNAME = "${name}"\n[[kv_namespaces]]\nbinding = "CACHE"\nid = "cache"\n`;

const entry = (version: string): string => `
import json
import js
from js import Response
from helper import text
from pyodide.ffi import run_sync

gate = js.Promise.withResolvers()

def fail():
    json.loads("<no json>")

def on_fetch(request, env):
    path = js.URL.new(request.url).pathname
    if path == "/fail":
        fail()
    if path == "/slow":
        print("waiting")
        run_sync(js.Promise.new(lambda resolve, reject: js.setTimeout(resolve, 1500)))
    count = int(run_sync(env.CACHE.get("count")) or 0) + 1
    run_sync(env.CACHE.put("count", str(count)))
    return Response.new(f"${version} {text} {env.NAME} {count}")
`;

describe("blockon dev", () => {
  let worker: WorkerFolder;
  let server: ServeProcess;

  before(async () => {
    worker = workerFolder(entry("v1"), [], toml("x"));
    worker.write("src/helper.py", "text = 'one'\n");
    server = await ServeProcess.dev(worker.path);
  });

  after(async () => {
    await server.stop();
    worker.remove();
  });

  const answered = (pattern: RegExp, init: RequestInit = {}): Promise<string> => answeredBy(server, "/", pattern, init);

  it("shows what was saved, and keeps what is in KV", async () => {
    assert.match(await answered(/^v1 one x 1$/), /1$/);
    worker.write("src/entry.py", entry("v2"));
    assert.ok(Number((await answered(/^v2 one x \d+$/)).split(" ").at(-1)) > 1);
    worker.write("src/helper.py", "text = 'two'\n");
    await answered(/^v2 two x \d+$/);
  });

  it("ends what is under way where it began", async () => {
    const slow = server.get("/slow").then((response) => response.text());
    await server.logged(/^waiting/);
    worker.write("src/entry.py", entry("v3"));
    await answered(/^v3 two x/);
    assert.match(await slow, /^v2 two x/);
  });

  it("says what is wrong with a module, to the log and to a browser, and goes on", async () => {
    worker.write("src/entry.py", `${entry("v4")}\n"<b>"; def (\n`);
    const text = await answered(/cannot be loaded/);
    assert.match(text, /File "src\/entry\.py", line \d+\n[\s\S]*SyntaxError: invalid syntax/);
    const response = await server.get("/", { headers: { accept: "text/html,*/*" } });
    assert.equal(response.status, 500);
    assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
    assert.match(await response.text(), /&lt;b&gt;/);
    await server.logged(/the Worker cannot be loaded; mend it and save\n[\s\S]*SyntaxError/);
    worker.write("src/entry.py", entry("v5"));
    await answered(/^v5 two x/);
  });

  it("shows the Worker's own frames of what a handler raises", async () => {
    const response = await server.get("/fail");
    assert.equal(response.status, 500);
    const text = await response.text();
    assert.match(
      text,
      /File "src\/entry\.py", line \d+, in on_fetch\n[\s\S]*File "src\/entry\.py", line \d+, in fail\n/,
    );
    assert.match(text, /\n {2}\.\.\. \d+ frames? of .*Python\n[\s\S]*JSONDecodeError: /);
    assert.doesNotMatch(text, /decoder\.py/);
    await server.logged(/^GET \/fail: The handler failed\n[\s\S]*JSONDecodeError/);
    await server.logged(/^GET \/fail 500 /);
  });

  it("takes a burst of saves for few, and the last is what counts", async () => {
    for (let i = 0; i < 30; i++) {
      worker.write("src/entry.py", i % 2 === 0 ? entry(`burst${i}`).slice(0, -20) : entry(`burst${i}`));
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    await answered(/^burst29 two x/);
    assert.equal(server.child.exitCode, null);
  });

  it("takes a changed configuration, and one that is broken for an error", async () => {
    const config = (name: string): string =>
      `name = "test"\nmain = "src/entry.py"\ncompatibility_date = "2026-10-01"\ncompatibility_flags = ["python_workers"]\n${toml(name)}`;
    worker.write("wrangler.toml", config("changed"));
    await answered(/ two changed \d+$/);
    worker.write("wrangler.toml", "name = ");
    await answered(/cannot be loaded[\s\S]*wrangler\.toml/);
    worker.write("wrangler.toml", config("mended"));
    await answered(/ two mended \d+$/);
    worker.write(".dev.vars", "NAME=secret-of-dev\n");
    worker.write("wrangler.toml", config("mended").replace(/\[vars\]\n.*\n/, ""));
    await answered(/ two secret-of-dev \d+$/);
  });

  it("takes packages of python_modules that come, are replaced and go", async () => {
    const importing = entry("v{vendored.version}").replace("import json", "import json\nimport vendored");
    worker.write("python_modules/vendored.py", "version = 'a'\n");
    worker.write("src/entry.py", importing);
    await answered(/^va two/);
    worker.write("python_modules/vendored.py", "version = 'b'\n");
    await answered(/^vb two/);
    rmSync(path.join(worker.path, "python_modules"), { recursive: true });
    await answered(/ModuleNotFoundError: No module named 'vendored'/);
    worker.write("src/entry.py", entry("v9"));
    await answered(/^v9 two/);
  });

  it("installs what the requirements come to name", async () => {
    worker.write("src/entry.py", `import iniconfig\n${entry("packaged")}`);
    await answered(/No module named 'iniconfig'/);
    worker.write("requirements.txt", "iniconfig==2.3.1\n");
    await answered(/^packaged two /);
  });

  it("is found by nobody after a signal, with exit code 0", async () => {
    assert.equal(await server.stop(), 0);
    await assert.rejects(server.get("/"));
  });
});

describe("a traceback for an author", () => {
  const traceback = `Traceback (most recent call last):
  File "/lib/python314.zip/blockon/_entry.py", line 90, in fetch
    handlers.find("fetch")(request, env, ctx),
  File "/session/metadata/src/entry.py", line 4, in on_fetch
    app.run()
    ~~~~~~~^^
  File "/session/metadata/python_modules/some/app.py", line 1, in run
    go()
  File "/lib/python314.zip/json/decoder.py", line 2, in decode
    raise ValueError
ValueError: wrong`;

  it("has the Worker's own frames and a line for those between", () => {
    assert.equal(
      shortTraceback(traceback),
      `Traceback (most recent call last):
  ... 1 frame of blockon
  File "src/entry.py", line 4, in on_fetch
    app.run()
    ~~~~~~~^^
  ... 2 frames of some, Python
ValueError: wrong`,
    );
  });

  it("is whole where none is the Worker's", () => {
    const text = traceback.replace("/session/metadata/src", "/lib/elsewhere");
    assert.equal(shortTraceback(text), text);
    assert.equal(shortTraceback("no traceback\n  at all"), "no traceback\n  at all");
  });

  it("is text of others in a page", () => {
    const request = {
      method: "GET",
      url: 'http://a/?"><script>',
      headers: [["accept", "text/html"]],
      body: null,
    } as const;
    const { body } = errorResponse(request as never, "T", "<script>alert(1)</script>");
    assert.doesNotMatch(new TextDecoder().decode(body as Uint8Array), /<script/);
  });
});
