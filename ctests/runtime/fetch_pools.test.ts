// The connections that a Worker's fetch opens: no other Worker has them, and a service has one pool, whatever is asked for. Counted where
// they arrive.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import path from "node:path";
import { after, describe, it } from "node:test";
import { createWorker } from "../../runtime/cli/create_worker.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import type { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const certificates = path.join(import.meta.dirname, "../../pytests/tls");
const pem = readFileSync(path.join(certificates, "server.pem"));

const entry = `
import os, urllib.request
from urllib.parse import urlparse, parse_qs
import js
from js import Response

async def on_fetch(request):
    query = {name: value for name, [value] in parse_qs(urlparse(request.url).query).items()}
    if query["by"] == "exit":
        os._exit(0)
    if query["by"] == "fetch":
        headers = js.Headers.new()
        headers.set("x-forwarded-proto", "mine")
        return Response.new(await (await js.fetch(query["url"], headers=headers)).text())
    asked = urllib.request.Request(query["url"], headers={"X-Worker": query["name"]})
    with urllib.request.urlopen(asked, timeout=20) as response:
        return Response.new(response.read().decode())
`;

interface Counted {
  readonly port: number;
  /** Of each connection, in the order in which they came: who sent its requests. */
  readonly workers: string[][];
  /** Resolves when the first connection has ended. */
  readonly firstEnded: Promise<void>;
  close(): void;
}

async function countingServer(server: http.Server): Promise<Counted> {
  const workers: string[][] = [];
  const places = new Map<Socket, string[]>();
  const { promise, resolve } = Promise.withResolvers<void>();
  const noteConnection = (socket: Socket): void => {
    const place: string[] = [];
    if (workers.push(place) === 1) socket.once("close", () => resolve());
    places.set(socket, place);
  };
  server.on(server instanceof https.Server ? "secureConnection" : "connection", noteConnection);
  server.on("request", ({ url, headers, socket }: http.IncomingMessage, response: http.ServerResponse) => {
    places.get(socket)?.push(String(headers["x-worker"]));
    if (url === "/redirect") response.writeHead(302, { location: "http://elsewhere.example/there" });
    response.end(`${url} of ${headers.host} by ${headers["x-forwarded-proto"]}`);
  });
  server.keepAliveTimeout = 60_000;
  await once((server as Server).listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    workers,
    firstEnded: promise,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

describe("the connections of a Worker's fetch", () => {
  const ends: (() => unknown)[] = [];
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  function folderWith(toml: string): WorkerFolder {
    const folder = workerFolder(entry, [], toml);
    ends.push(() => folder.remove());
    return folder;
  }

  async function count(server: http.Server): Promise<Counted> {
    const counted = await countingServer(server);
    ends.push(() => counted.close());
    return counted;
  }

  it("are that Worker's alone, and end with it", async () => {
    const server = await count(http.createServer());
    const config = readWorkerConfig(folderWith("[blockon.outbound]\nfetch = true\n").path);
    const workers = ["one", "other"].map((name): [string, WorkerHost] => {
      const worker = createWorker(config, { onLog: () => {}, onOutput: () => {} });
      ends.push(() => worker.stop());
      return [name, worker];
    });
    const get = (worker: WorkerHost, query: object) => {
      const url = `http://worker/?${new URLSearchParams({ url: `http://127.0.0.1:${server.port}/`, ...query })}`;
      return worker.fetch({ method: "GET", url, headers: [], body: null });
    };
    for (let i = 0; i < 3; i++) {
      for (const [name, worker] of workers) assert.equal((await get(worker, { name, by: "client" })).status, 200);
    }
    assert.deepEqual(server.workers, [
      ["one", "one", "one"],
      ["other", "other", "other"],
    ]);
    const [name, worker] = workers[0] as [string, WorkerHost];
    await assert.rejects(get(worker, { name, by: "exit" }), /exit/);
    await server.firstEnded;
    await get(worker, { name: "again", by: "client" });
    assert.deepEqual(server.workers.slice(2), [["again"]]);
  });

  const services = {
    http: () => http.createServer(),
    https: () => https.createServer({ key: pem, cert: pem }),
  };
  for (const [scheme, create] of Object.entries(services)) {
    it(`to a service by ${scheme} are one for all hosts that are asked one after another`, async () => {
      const server = await count(create());
      const toml = `[blockon.services]\nGATEWAY = "${scheme}://localhost:${server.port}"\n[blockon.outbound]\nfetch = "GATEWAY"\n`;
      const env = { ...process.env, NODE_EXTRA_CA_CERTS: path.join(certificates, "authority.pem") };
      const worker = await ServeProcess.start(folderWith(toml).path, undefined, env);
      ends.push(() => worker.stop());
      const ask = async (by: string, url: string): Promise<string> =>
        (await worker.get(`/?${new URLSearchParams({ by, url, name: "one" })}`)).text();
      for (let i = 0; i < 5; i++) {
        assert.equal(await ask("client", `https://${i}.example/a`), `/a of ${i}.example by https`);
        assert.equal(await ask("fetch", `http://${i}.example:81/a`), `/a of ${i}.example:81 by http`);
      }
      assert.equal(server.workers.length, 1);
      assert.equal(await ask("fetch", "https://a.example/redirect"), "/there of elsewhere.example by http");
    });
  }
});
