// Workers in the forms in which Cloudflare's announcement and first documentation of Python Workers have them: what a user copies runs.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { blockon, ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

/** By the path that is theirs. */
const workers: { readonly [name: string]: string } = {
  hello: `
from js import Response

async def on_fetch(request, env):
    return Response.new("Hello world!")
`,
  json: `
from js import Response, fetch

async def on_fetch(request, env):
    response = await fetch(env.UPSTREAM + "list.json")
    data = await response.json()
    total = 0
    for item in data.items:
        total += item.price
    names = [name for name in data.names]
    return Response.new(f"{total} {names} {len(data.names)} {data.items[0].price} {data.to_py()['names']}")
`,
  headers: `
from js import Headers, Request, Response, fetch
from pyodide.ffi import to_js

async def on_fetch(request, env):
    headers = Headers.new({"x-hello": "world"}.items())
    headers.append("x-many", "1")
    headers.append("x-many", "2")
    again = Request.new(env.UPSTREAM + "echo", method="POST", body="text", headers=headers)
    answer = await fetch(again)
    return Response.new(await answer.text(), headers=headers)
`,
  sync: `
from js import Response, fetch
from pyodide.ffi import run_sync

def ask(url):
    return run_sync(run_sync(fetch(url)).text())

def on_fetch(request, env):
    return Response.new(" ".join(map(ask, [env.UPSTREAM + "a", env.UPSTREAM + "b"])))
`,
  kv: `
from js import Response

async def on_fetch(request, env):
    await env.FOO.put("bar", "baz")
    bar = await env.FOO.get("bar")
    return Response.new(bar)
`,
  class: `
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await self.env.FOO.put("bar", "of the class")
        return Response(await self.env.FOO.get("bar"))
`,
};

describe("what the announcement shows", () => {
  const folders: WorkerFolder[] = [];
  let server: ServeProcess;
  const upstream = http.createServer(async ({ url, method, headers }, response) => {
    if (url === "/list.json") response.end('{"items": [{"price": 3}, {"price": 4}], "names": ["a", "b"]}');
    else if (url === "/echo") response.end(`${method} ${headers["x-hello"]} ${headers["x-many"]}`);
    else response.end(`answer of ${url}`);
  });
  const text = async (name: string): Promise<string> => {
    const response = await server.get(`/${name}`);
    assert.equal(response.status, 200, server.log.at(-1)?.msg ?? "");
    return response.text();
  };

  before(async () => {
    await once(upstream.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`;
    for (const [name, entry] of Object.entries(workers)) {
      const folder = workerFolder(entry);
      folder.write(
        "wrangler.toml",
        `name = "${name}"\nmain = "src/entry.py"\ncompatibility_date = "2024-03-18"\ncompatibility_flags = ["python_workers"${name === "sync" ? ', "python_run_sync", "python_workers_20250116"' : ""}]\n` +
          `routes = ["127.0.0.1/${name}"]\nkv_namespaces = [{ binding = "FOO", id = "foo" }]\n[vars]\nUPSTREAM = "${url}"\n`,
      );
      folders.push(folder);
    }
    const [first, ...others] = folders.map(({ path }) => path) as [string, ...string[]];
    server = await ServeProcess.start(first, blockon, process.env, ...others, "--state", `${first}/.blockon/state`);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    upstream.close();
    for (const folder of folders) folder.remove();
  });

  it("hello", async () => {
    assert.equal(await text("hello"), "Hello world!");
  });

  it("iterates what JSON holds", async () => {
    assert.equal(await text("json"), "7 ['a', 'b'] 2 3 ['a', 'b']");
  });

  it("makes headers and requests by new", async () => {
    const response = await server.get("/headers");
    assert.equal(await response.text(), "POST world 1, 2");
    assert.equal(response.headers.get("x-many"), "1, 2");
  });

  it("waits for fetch in synchronous code", async () => {
    assert.equal(await text("sync"), "answer of /a answer of /b");
  });

  it("puts and gets by a binding of KV", async () => {
    assert.equal(await text("kv"), "baz");
    assert.equal(await text("class"), "of the class");
  });
});
