// WebSockets by the Pythonic API: one Worker in the runtime and on CPython under uvicorn, which have to do the same.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { WebSocket as Client, type RawData, WebSocketServer } from "ws";
import { CPythonProcess } from "./lib/cpython_process.ts";
import { ServeProcess } from "./lib/serve_process.ts";

const lib = path.join(import.meta.dirname, "lib");
const worker = path.join(lib, "api_worker");
const service = path.join(lib, "api_service");

/** A client that keeps what came. */
class Talk {
  readonly client: Client;
  readonly got: string[] = [];
  readonly closed: Promise<string>;

  constructor(url: string, target: string, protocols: string[] = []) {
    this.client = new Client(url.replace("http:", "ws:") + target, protocols);
    this.client.on("message", (data: RawData, isBinary) => this.got.push(`${isBinary ? "bytes" : "text"} ${data}`));
    this.closed = once(this.client, "close").then(([code, reason]) => `${code} ${reason}`);
  }

  async has(count: number): Promise<string[]> {
    while (this.got.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    return this.got;
  }
}

describe("WebSockets by the Pythonic API", () => {
  const state = mkdtempSync(path.join(os.tmpdir(), "blockon-state-"));
  let here: ServeProcess;
  let cpython: CPythonProcess;
  let upstream: http.Server;
  let upstreamUrl: string;

  before(async () => {
    upstream = http.createServer((_request, response) => response.writeHead(403).end("not you"));
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: (names) => [...names].at(-1) ?? false });
    upstream.on("upgrade", (request, socket, head) => {
      if (request.url !== "/socket") {
        socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
      }
      sockets.handleUpgrade(request, socket, head, (opened) => {
        opened.send(`hello ${request.headers["x-mine"] ?? "nobody"}`);
        opened.on("message", (data, isBinary) => {
          opened.send(data, { binary: isBinary });
          if (isBinary) opened.close(4002, "that is all");
        });
      });
    });
    await once(upstream.listen(0, "127.0.0.1"), "listening");
    upstreamUrl = `ws://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    [here, cpython] = await Promise.all([
      ServeProcess.start(worker, undefined, undefined, service, "--state", state),
      CPythonProcess.start([worker, service]),
    ]);
  });
  after(async () => {
    upstream.closeAllConnections();
    upstream.close();
    await Promise.all([here.stop(), cpython.stop()]);
    rmSync(state, { recursive: true });
  });

  /** The same of both. */
  async function onBoth<T>(ask: (url: string) => Promise<T>): Promise<T> {
    const [ours, theirs] = await Promise.all([ask(here.url), ask(cpython.url)]);
    assert.deepEqual(ours, theirs);
    return ours;
  }
  const json = (url: string, target: string): Promise<unknown> =>
    fetch(`${url}${target}`).then((response) => response.json());

  it("are accepted with a protocol and headers, and carry text and bytes", async () => {
    const [upgrade, got, closed] = await onBoth(async (url) => {
      const talk = new Talk(url, "/socket", ["a", "b"]);
      const [response] = (await once(talk.client, "upgrade")) as [http.IncomingMessage];
      await talk.has(1);
      for (const message of ["gr\u00fcn", Buffer.from([1, 2]), "x".repeat(500_000), "close"]) talk.client.send(message);
      const ended = await talk.closed;
      return [[response.headers["x-mine"], talk.client.protocol], talk.got, ended];
    });
    assert.deepEqual(upgrade, ["yes", "b"]);
    assert.match(String(got?.[0]), /^text \[\['a', 'b'\], 'b', .*accept\(\) it.*was accepted before/);
    assert.deepEqual((got as string[]).slice(1), [
      "text gr\u00fcn",
      "bytes \u0001\u0002",
      `text ${"x".repeat(500_000)}`,
    ]);
    assert.equal(closed, "4001 as asked");
    const seen = await onBoth((url) => json(url, "/seen"));
    assert.match(String(seen), /WebSocketClosedError.*4001 as asked/);
  });

  it("end with their handlers: whole, or by what these raise", async () => {
    for (const [message, code] of [
      ["end", "1000 "],
      ["raise", "1011 "],
    ] as const) {
      const closed = await onBoth(async (url) => {
        const talk = new Talk(url, "/socket");
        await talk.has(1);
        talk.client.send(message);
        return talk.closed;
      });
      assert.equal(closed, code);
    }
    await here.logged(/the handler failed on a WebSocket/);
    await here.logged(/ValueError: on purpose/);
    assert.match(cpython.log, /the handler failed on a WebSocket[\s\S]*ValueError: on purpose/);
  });

  it("are told that the client has gone", async () => {
    // uvicorn has no code for a connection that was lost.
    for (const [how, told] of [
      [(client: Client) => client.close(3000, "enough"), /<WebSocket closed 3000>/],
      [(client: Client) => client.terminate(), /<WebSocket closed 100[56]>/],
    ] as const) {
      await Promise.all(
        [here.url, cpython.url].map(async (url) => {
          const talk = new Talk(url, "/socket");
          await talk.has(1);
          how(talk.client);
          while (!told.test(String(await json(url, "/seen"))));
        }),
      );
    }
  });

  it("are awaited", async () => {
    const got = await onBoth(async (url) => {
      const talk = new Talk(url, "/async-socket");
      await talk.has(6);
      talk.client.send("abc");
      await talk.has(7);
      talk.client.close(1000);
      await talk.closed;
      return talk.got.sort();
    });
    assert.deepEqual(got, ["text cba", ...[0, 0, 1, 1, 2, 2].map((number) => `text tick ${number}`)]);
    await here.logged(/returned str for a WebSocket that it has accepted: that is not sent/);
    while (!/returned str for a WebSocket/.test(cpython.log)) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it("say what is wrong", async () => {
    const got = await onBoth(async (url) => {
      const talk = new Talk(url, "/socket-mistakes", ["a", "b"]);
      await talk.has(1);
      talk.client.send("read");
      await talk.closed;
      return talk.got;
    });
    const expected = [
      /did not offer the subprotocol 'c'; it offered a, b/,
      /given as subprotocol, not as a header/,
      /return a response to refuse it/,
      /bytes or text, not int/,
      /at most 33554432 bytes/,
      /1006 is no code/,
      /at most 123 bytes/,
      /another call waits/,
    ];
    for (const pattern of expected) assert.match(got[0] as string, pattern);
    assert.equal(got[1], "text ['read']");
  });

  it("are refused by a response, and fail as any request", async () => {
    for (const [target, status] of [
      ["/refuse-socket", 403],
      ["/raise-socket", 500],
    ] as const) {
      const answers = await onBoth(async (url) => {
        const client = new Client(url.replace("http:", "ws:") + target);
        client.on("error", () => {});
        const [, response] = (await once(client, "unexpected-response")) as [unknown, http.IncomingMessage];
        response.destroy();
        return [response.statusCode, response.headers["x-why"]];
      });
      assert.deepEqual(answers, [status, status === 403 ? "closed" : undefined]);
    }
    assert.equal((await Promise.all([here.url, cpython.url].map((url) => fetch(`${url}/socket`))))[0]?.status, 426);
  });

  it("are opened to a server", async () => {
    const target = (name: string, at: string): string => `${name}?url=${encodeURIComponent(upstreamUrl + at)}`;
    const [chosen, got, ...ended] = (await onBoth((url) => json(url, target("/dial", "/socket")))) as unknown[];
    assert.deepEqual([chosen, got], ["b", ["hello yes", "gr\u00fcn", "ff"]]);
    assert.match(JSON.stringify(ended), /WebSocketClosedError.*4002 that is all.*true,"<WebSocket closed 4002>"/);
    assert.deepEqual(await onBoth((url) => json(url, target("/dial-async", "/socket"))), [
      ["hello nobody", "0"],
      ["hello nobody", "1"],
      ["hello nobody", "2"],
      "nothing came",
      "after the wait that ended",
    ]);
    const wrong = await onBoth((url) => json(url, target("/dial-wrong", "/other")));
    assert.deepEqual((wrong as unknown[]).slice(0, 2), [
      ["WebSocketError", 403, false],
      ["WebSocketError", null, false],
    ]);
  });
});
