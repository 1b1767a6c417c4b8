// The Python API's bindings that only the runtime has: assets, servers, Workers with Cloudflare's API; and where nothing may block.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { packageRoot } from "../../runtime/layout.ts";
import { commandEnd } from "./lib/command_end.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

function folderOf(name: string, entry: string, toml = "", flags: readonly string[] = []): WorkerFolder {
  const folder = workerFolder(entry);
  folder.write(
    "wrangler.toml",
    `name = "${name}"
main = "src/entry.py"
compatibility_date = "2026-11-01"
compatibility_flags = ${JSON.stringify(["python_workers", ...flags])}
${toml}`,
  );
  return folder;
}

const entry = `from blockon import Response, ServiceError, WorkerEntrypoint


class Default(WorkerEntrypoint):
    def fetch(self, request):
        return getattr(self, "_" + request.path[1:])()

    def greet(self, name):
        return f"hello, {name}"

    def _asset(self):
        return self.env.ASSETS.fetch("https://any/logo.svg")

    def _missing(self):
        answer = self.env.ASSETS.fetch("https://any/none.svg")
        try:
            self.env.ASSETS.method()
        except ServiceError as error:
            return [answer.status_code, str(error)]

    def _server(self):
        answer = self.env.SERVER.fetch("https://any/path?a=1", method="POST", content=b"body")
        answer.headers["x-passed"] = "on"
        return answer

    def _nobody(self):
        try:
            return self.env.NOBODY.fetch("https://any/")
        except ServiceError as error:
            return error.type

    def _sdk(self):
        values = [None, 1.5, "ü", b"\\xff", {"a": [True]}]
        return [repr(self.env.SDK.echo(value)) for value in values] + [self.env.SDK.back("sdk")]

    def _sdk_fetch(self):
        return self.env.SDK.fetch("https://any/", headers={"x-a": "1"})
`;

const sdk = `from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(f"of the SDK: {request.headers['x-a']}", status=203)

    async def echo(self, value):
        return bytes(value) if isinstance(value, memoryview) else value

    async def back(self, name):
        answer = await self.env.API.fetch("https://any/asset")
        return await self.env.API.greet(name) + ", " + await answer.text()
`;

describe("bindings by the Python API", () => {
  it("are assets, servers and Workers of the SDK", async () => {
    const upstream = createServer((request, response) => {
      response.writeHead(201, { "content-encoding": "gzip", "content-type": "text/plain" });
      response.end(gzipSync(`${request.method} ${request.url}`));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => upstream.once("listening", resolve));
    const { port } = upstream.address() as AddressInfo;
    const folder = folderOf(
      "api",
      entry,
      `[assets]
directory = "public"
binding = "ASSETS"
[[services]]
binding = "SDK"
service = "sdk"
[blockon.services]
SERVER = "http://127.0.0.1:${port}"
NOBODY = "http://127.0.0.1:1"
`,
    );
    folder.write("public/logo.svg", "<svg/>");
    const other = folderOf("sdk", sdk, '[[services]]\nbinding = "API"\nservice = "api"\n');
    let server: ServeProcess | undefined;
    try {
      server = await ServeProcess.start(folder.path, undefined, undefined, other.path);
      const asset = await server.get("/asset");
      assert.match(asset.headers.get("content-type") ?? "", /svg/);
      assert.equal(await asset.text(), "<svg/>");
      const missing = (await (await server.get("/missing")).json()) as unknown[];
      assert.deepEqual(missing, [404, "ASSETS.method: the binding is no Worker, it has fetch alone"]);
      const passed = await server.get("/server");
      assert.deepEqual(
        [passed.status, passed.headers.get("x-passed"), passed.headers.get("content-encoding")],
        [201, "on", null],
      );
      assert.equal(await passed.text(), "POST /path?a=1");
      assert.equal(await (await server.get("/nobody")).text(), "TypeError");
      const answers = ["None", "1.5", "'ü'", "b'\\xff'", "{'a': [True]}", "hello, sdk, <svg/>"];
      assert.deepEqual(await (await server.get("/sdk")).json(), answers);
      const fetched = await server.get("/sdk_fetch");
      assert.deepEqual([fetched.status, await fetched.text()], [203, "of the SDK: 1"]);
    } finally {
      await server?.stop();
      upstream.close();
      folder.remove();
      other.remove();
    }
  });

  it("are awaited where nothing may block, and what blocks says why it cannot", async () => {
    const folder = folderOf(
      "gate",
      `from blockon import StreamingResponse

async def pieces():
    for number in range(3):
        yield str(number)

async def fetch(request, env, ctx):
    if request.path == "/pieces":
        return StreamingResponse(pieces())
    if request.path == "/blocks":
        try:
            env.CACHE.get("key")
        except RuntimeError as error:
            return str(error)
    await env.CACHE.aio.put("key", "value")
    return [await env.CACHE.aio.get("key"), request.text()]
`,
      '[[kv_namespaces]]\nbinding = "CACHE"\n',
      ["no_python_run_sync"],
    );
    const server = await ServeProcess.start(folder.path);
    try {
      assert.deepEqual(await (await server.get("/", { method: "POST", body: "text" })).json(), ["value", "text"]);
      assert.equal(await (await server.get("/pieces")).text(), "012");
      assert.match(await (await server.get("/blocks")).text(), /python_run_sync/);
    } finally {
      await server.stop();
      folder.remove();
    }
  });
});

describe("blockon test", () => {
  it("tests handlers of the Python API, by requests and as functions", async () => {
    const folder = folderOf(
      "tested",
      `def fetch(request, env, ctx):
    before = env.CACHE.get("key")
    env.CACHE.put("key", request.text())
    ctx.wait_until(env.CACHE.put, "later", "done")
    return {"before": before}
`,
      '[[kv_namespaces]]\nbinding = "CACHE"\n',
    );
    folder.write(
      "tests/test_entry.py",
      `from types import SimpleNamespace
from blockon import Request, env
import entry

def test_requests(client):
    assert client.post("/", content="one").json() == {"before": None}
    assert [env.CACHE.get("key"), env.CACHE.get("later")] == ["one", "done"]

def test_fresh(client):
    assert client.post("/", content="two").json() == {"before": None}

def test_function():
    later = []
    ctx = SimpleNamespace(wait_until=lambda *given: later.append(given))
    assert entry.fetch(Request("POST", "http://any/", content="three"), env, ctx) == {"before": "two"}
    assert later[0][1:] == ("later", "done")
`,
    );
    const { code, out, err } = await commandEnd(["test", folder.path]);
    assert.equal(code, 0, out + err);
    assert.match(out, /3 passed/);
    folder.remove();
  });
});

describe("the package for CPython and editors", () => {
  it("has the version of this one, and all its folders", () => {
    const { version } = JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { version: string };
    const project = readFileSync(path.join(packageRoot, "shims", "pyproject.toml"), "utf8");
    assert.match(project, new RegExp(`^version = "${version.replaceAll(".", "\\.")}"$`, "m"));
    for (const name of ["blockon", "blockon._api", "blockon.cpython"]) assert.ok(project.includes(`"${name}"`));
  });
});
