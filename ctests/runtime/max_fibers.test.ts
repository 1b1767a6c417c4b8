// [blockon] max_fibers of a wrangler.toml, from the outside: the request that would pass the limit fails alone.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const maxFibers = 3;

it("max_fibers ends the request beyond it and no other", async () => {
  // It holds what asks it.
  const held: http.ServerResponse[] = [];
  const upstream = http.createServer((_, response) => held.push(response)).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const { port } = upstream.address() as AddressInfo;
  const entry = `
import js
from js import Response
from pyodide.ffi import run_sync

def on_fetch(request):
    return Response.new(run_sync(run_sync(js.fetch("http://127.0.0.1:${port}/")).text()))
`;
  const folder = workerFolder(entry, [], `[blockon]\nmax_fibers = ${maxFibers}\n`);
  const server = await ServeProcess.start(folder.path);
  for (const round of [0, 1]) {
    const waiting = Array.from({ length: maxFibers }, () => server.get("/"));
    while (held.length < maxFibers) await once(upstream, "request");
    assert.equal((await server.get("/")).status, 500);
    await server.logged(/the handler failed [\s\S]*: the limit of 3 live fibers is reached; .*max_fibers in/, round);
    for (const response of held.splice(0)) response.end("let go");
    for (const response of await Promise.all(waiting)) assert.equal(await response.text(), "let go");
  }
  assert.equal(await server.stop(), 0);
  upstream.close();
  folder.remove();
});
