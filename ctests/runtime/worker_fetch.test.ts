// A Worker's fetch in the way of its HTTP clients: set by the Worker, by [blockon.outbound] fetch, and as a binding.
import assert from "node:assert/strict";
import { once } from "node:events";
import { symlinkSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { packageFolder } from "../../runtime/packages/python_packages.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import urllib.request
from urllib.parse import urlparse, parse_qs
import blockon, js
from js import Response

async def mine(url, options):
    return Response.new(f"mine {options.method} {url}")

def ask(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.read().decode()
    except OSError as error:
        return f"{type(error).__name__}: {error}"

async def on_fetch(request, env):
    query = {name: value for name, [value] in parse_qs(urlparse(request.url).query).items()}
    own = js.fetch
    if query["by"] == "replaced":
        js.fetch = mine
    elif query["by"] == "set":
        blockon.set_fetch(mine)
    elif query["by"] == "binding":
        blockon.set_fetch(env.GATEWAY)
    elif query["by"] == "env":
        return await env.GATEWAY.fetch(query["url"])
    elif query["by"] == "fetch":
        return await js.fetch(query["url"])
    elif query["by"] == "httpx":
        import httpx
        js.fetch = mine
        async with httpx.AsyncClient() as client:
            text = (await client.get(query["url"])).text
        js.fetch = own
        return Response.new(text)
    try:
        return Response.new(ask(query["url"]))
    finally:
        js.fetch = own
        blockon.set_fetch(None)
`;

describe("a Worker's fetch", () => {
  let server: http.Server;
  let origin: string;
  let folder: WorkerFolder | undefined;
  let worker: ServeProcess | undefined;

  before(async () => {
    server = http.createServer(({ url, headers }, response) => {
      if (url === "/redirect") response.writeHead(302, { location: "http://elsewhere.example/there" });
      response.end(`${url} of ${headers.host}, ${headers["x-forwarded-proto"] ?? "asked itself"}`);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    origin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    await worker?.stop();
    folder?.remove();
    worker = folder = undefined;
  });

  after(() => server.close());

  async function start(toml: string, flags: string[] = []): Promise<(by: string, url: string) => Promise<string>> {
    folder = workerFolder(entry, flags, toml);
    const packages = await packageFolder(path.join(import.meta.dirname, "../../pytests"), () => {});
    symlinkSync(packages as string, path.join(folder.path, "python_modules"));
    const started = await ServeProcess.start(folder.path);
    worker = started;
    return async (by, url) => (await started.get(`/?by=${by}&url=${encodeURIComponent(url)}`)).text();
  }

  it("is in the way while it is another than at the start", async () => {
    const ask = await start("");
    assert.equal(await ask("none", `http://${origin}/a`), `/a of ${origin}, asked itself`);
    assert.equal(await ask("replaced", "https://a.example/b"), "mine GET https://a.example/b");
    assert.equal(await ask("set", "https://a.example/b"), "mine GET https://a.example/b");
    assert.equal(await ask("none", `http://${origin}/a`), `/a of ${origin}, asked itself`);
  });

  it("is there for asynchronous clients alone where the Worker may not block", async () => {
    const ask = await start("", ["no_python_run_sync"]);
    assert.match(await ask("replaced", "https://a.example/b"), /URLError: .*cannot wait for it.*no_python_run_sync/);
    assert.equal(await ask("httpx", "http://a.example/b"), "mine GET http://a.example/b");
    assert.equal(await ask("none", `http://${origin}/a`), `/a of ${origin}, asked itself`);
  });

  it("is in the way as it is with fetch = true, and asks the policy", async () => {
    const ask = await start(`[blockon.outbound]\nfetch = true\ndeny = ["10.0.0.0/8"]\n`);
    assert.equal(await ask("none", `http://${origin}/a`), `/a of ${origin}, asked itself`);
    assert.match(await ask("none", "http://10.1.2.3/"), /fetch failed: the outbound policy refuses 10\.1\.2\.3:80/);
  });

  it("goes to a service with fetch = its name, which the policy does not hold for", async () => {
    const outbound = `[blockon.outbound]\nfetch = "GATEWAY"\ndeny = ["*"]\n`;
    const ask = await start(`[blockon.services]\nGATEWAY = "http://${origin}"\n${outbound}`);
    for (const by of ["none", "fetch", "env", "binding"]) {
      assert.equal(await ask(by, "http://a.example/b?c"), "/b?c of a.example, http");
      assert.equal(await ask(by, "https://a.example:444/b"), "/b of a.example:444, https");
    }
    assert.equal(await ask("none", "http://a.example/redirect"), "/there of elsewhere.example, http");
  });

  it("is left alone by the bindings of services", async () => {
    const ask = await start(`[blockon.services]\nGATEWAY = "http://${origin}"\n[blockon.outbound]\ndeny = ["*"]\n`);
    assert.equal(await ask("env", "https://a.example/b"), "/b of a.example, https");
    assert.equal(await ask("binding", "https://a.example/b"), "/b of a.example, https");
    assert.match(await ask("none", `http://${origin}/`), /refuses/);
  });
});
