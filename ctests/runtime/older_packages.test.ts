// Packages of PyPI on the older Pythons: FastAPI, requests and httpx, as a Worker that was written for one of them has them.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import zlib from "node:zlib";
import { DatedWorker, pythons313 } from "./lib/dated_worker.ts";

const requirements = `fastapi==0.115.14
pydantic==1.10.24
starlette==0.46.2
anyio==4.9.0
httpx==0.28.1
requests==2.32.5
urllib3==2.5.0
`;

const entry = `import asyncio
import contextvars
import ssl
import threading
import traceback

import anyio.to_thread
import httpx
import requests
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from workers import WorkerEntrypoint

app = FastAPI()
variable = contextvars.ContextVar("variable", default="unset")


class Item(BaseModel):
    name: str
    price: float
    tags: list[str] = []


def dependency():
    return "a dependency"


@app.get("/coroutine/{number}")
async def coroutine(number: int):
    await asyncio.sleep(0)
    return {"number": number}


@app.get("/function/{number}")
def function(number: int, given: str = Depends(dependency)):
    return {"number": number, "given": given, "main": threading.current_thread() is threading.main_thread()}


@app.post("/items")
async def items(item: Item):
    return item


@app.post("/priced")
def priced(item: Item) -> dict[str, float]:
    return {item.name: item.price * 2}


@app.get("/fails")
def fails():
    raise ValueError("of a function")


@app.get("/threads")
async def threads():
    def change(value, *rest):
        before = variable.get()
        variable.set(value)
        return [before, *rest]

    variable.set("outer")
    limiter = anyio.CapacityLimiter(1)
    return [await anyio.to_thread.run_sync(change, "inner", 1, 2, limiter=limiter), variable.get()]


@app.get("/tls")
async def tls():
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    seen = [context.verify_mode.name, context.check_hostname]
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for use in (lambda: context.wrap_socket(None), lambda: ssl.MemoryBIO(), lambda: context.wrap_bio(None, None)):
        try:
            use()
        except ssl.SSLError as error:
            seen.append(str(error))
    return seen


@app.get("/httpx")
async def by_httpx(origin: str):
    seen = []
    async with httpx.AsyncClient(base_url=origin, timeout=5, follow_redirects=True) as client:
        got = await client.get("/get", params={"a": "b"}, headers={"x-mine": "1"})
        seen.append([got.status_code, got.json(), got.headers["content-type"], got.cookies.get("c")])
        seen.append((await client.post("/post", json={"posted": True})).json())
        seen.append((await client.put("/post", content=pieces())).json())
        seen.append([(await client.get("/moved")).json()["path"], (await client.get("/zipped")).text])
        async with client.stream("GET", "/slow") as response:
            seen.append(await anext(response.aiter_text()))
        for path, timeout in (("/never", 0.05), ("/stalls", httpx.Timeout(5, read=0.05))):
            try:
                await client.get(path, timeout=timeout)
            except httpx.TimeoutException as error:
                seen.append([type(error).__name__, error.request.url.path])
    try:
        await httpx.AsyncClient().get("http://127.0.0.1:1/")
    except httpx.ConnectError as error:
        seen.append("ConnectError")
    try:
        httpx.AsyncClient(proxy="http://127.0.0.1:1/")
    except ValueError as error:
        seen.append(str(error))
    return seen


async def pieces():
    yield b"one "
    yield b"two"


@app.get("/httpx/blocking")
def by_httpx_blocking(origin: str):
    with httpx.Client(base_url=origin, follow_redirects=True) as client:
        seen = [client.get("/get", params={"a": "b"}).json()["path"], client.post("/post", json=1).json()]
        seen += [client.get("/moved").json()["path"], client.get("/zipped").text, httpx.get(f"{origin}/get").status_code]
        with client.stream("GET", "/slow") as response:
            seen.append(next(response.iter_text()))
        try:
            client.get("/never", timeout=0.05)
        except httpx.TimeoutException as error:
            seen.append(error.request.url.path)
    return seen


@app.get("/requests")
def by_requests(origin: str):
    with requests.Session() as session:
        got = session.get(f"{origin}/get", params={"a": "b"}, timeout=5)
        seen = [got.status_code, got.json()["path"], session.post(f"{origin}/post", json={"posted": True}).json()]
    return seen


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        from workers import asgi

        try:
            return await asgi.fetch(app, request, self.env)
        except BaseException:
            from workers import Response

            return Response(traceback.format_exc(), status=500)
`;

/** What the clients ask. */
function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const { url = "", method, headers } = request;
  const json = (value: unknown, more = {}): void => {
    response.writeHead(200, { "content-type": "application/json", ...more }).end(JSON.stringify(value));
  };
  if (url === "/moved") response.writeHead(302, { location: "/get" }).end();
  else if (url === "/zipped") {
    response.writeHead(200, { "content-type": "text/plain", "content-encoding": "gzip" });
    response.end(zlib.gzipSync("unzipped"));
  } else if (url === "/slow" || url === "/stalls") {
    response.writeHead(200, { "content-type": "text/plain" });
    response.write("first");
  } else if (url === "/post") {
    let body = "";
    request.on("data", (piece) => {
      body += piece;
    });
    request.on("end", () => json({ method, body, type: headers["content-type"] ?? null }));
  } else if (url !== "/never") json({ path: url, mine: headers["x-mine"] ?? null }, { "set-cookie": "c=d" });
}

const pythons = [{ pyodide: "0.26.4", date: "2025-02-01", blocks: false }].concat(
  pythons313.map((each) => ({ ...each, blocks: true })),
);

for (const { pyodide, blocks, ...dated } of pythons) {
  describe(`packages on Pyodide ${pyodide}`, () => {
    let worker: DatedWorker;
    let server: http.Server;
    let origin: string;
    before(async () => {
      server = http.createServer(answer).listen(0, "127.0.0.1");
      await once(server, "listening");
      origin = encodeURIComponent(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      worker = await DatedWorker.withPackages(entry, { pyodide, ...dated }, requirements);
    });
    after(async () => {
      await worker.stop();
      server.closeAllConnections();
      server.close();
    });

    const json = async (path: string, body?: string): Promise<unknown> => {
      const { status, text } = await worker.get(path, body);
      assert.equal(status, 200, `${text}\n${worker.log.join("\n")}`);
      return JSON.parse(text);
    };
    const main = !blocks;

    it("serve a FastAPI app, with endpoints of both kinds", async () => {
      assert.equal(worker.pyodide, pyodide);
      assert.deepEqual(await json("coroutine/3"), { number: 3 });
      assert.deepEqual(await json("function/4"), { number: 4, given: "a dependency", main });
      assert.equal((await worker.get("function/four")).status, 422);
      assert.equal((await worker.get("fails")).status, 500);
    });

    it("check a model of pydantic", async () => {
      const item = JSON.stringify({ name: "a", price: "1.5" });
      assert.deepEqual(await json("items", item), { name: "a", price: 1.5, tags: [] });
      assert.deepEqual(await json("priced", item), { a: 3 });
      assert.equal((await worker.get("items", JSON.stringify({ name: "a" }))).status, 422);
    });

    it("run functions of anyio's in a context of their own", async () => {
      assert.deepEqual(await json("threads"), [["outer", 1, 2], "outer"]);
    });

    it("have an ssl of names, which makes no connection", async () => {
      const [mode, checks, ...refusals] = (await json("tls")) as unknown[];
      assert.deepEqual([mode, checks, refusals.length], ["CERT_REQUIRED", true, 3]);
      for (const text of refusals)
        assert.match(String(text), /by TLS that is not the fetch's is not there on Python 3\.1/);
    });

    it("send by httpx over the Worker's fetch", async () => {
      const [got, posted, put, moved, slow, never, stalls, connect, proxy] = (await json(
        `httpx?origin=${origin}`,
      )) as unknown[];
      assert.deepEqual(got, [200, { path: "/get?a=b", mine: "1" }, "application/json", "d"]);
      assert.deepEqual(posted, { method: "POST", body: '{"posted":true}', type: "application/json" });
      assert.deepEqual(put, { method: "PUT", body: "one two", type: null });
      assert.deepEqual(moved, ["/get", "unzipped"]);
      assert.equal(slow, "first");
      assert.deepEqual(never, ["ConnectTimeout", "/never"]);
      assert.deepEqual(stalls, ["ReadTimeout", "/stalls"]);
      assert.equal(connect, "ConnectError");
      assert.match(
        String(proxy),
        /`proxy` of httpx, whose requests go by the Worker's fetch, is not there on Python 3/,
      );
    });

    it(blocks ? "block on httpx and requests" : "refuse to block on httpx and requests", async () => {
      const asked = ["httpx/blocking", "requests"].map((path) => `${path}?origin=${origin}`);
      if (blocks) {
        const posted = { method: "POST", body: "1", type: "application/json" };
        const [byHttpx, byRequests] = [await json(asked[0] as string), await json(asked[1] as string)];
        assert.deepEqual(byHttpx, ["/get?a=b", posted, "/get", "unzipped", 200, "first", "/never"]);
        assert.deepEqual(byRequests, [200, "/get?a=b", { ...posted, body: '{"posted": true}' }]);
        return;
      }
      for (const path of asked) {
        assert.equal((await worker.get(path)).status, 500);
        assert.match(
          worker.log.at(-1) ?? "",
          /\nRuntimeError: run_sync cannot block on Python 3\.12 .*: choose Python 3\.13/,
        );
        worker.log.length = 0;
      }
    });
  });
}
