// [blockon.outbound] of a wrangler.toml: sockets and fetch of a Worker connect where its rules allow, and are told why not.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import socket, urllib.request
from urllib.parse import urlparse, parse_qs
import js
from js import Response
from pyodide.ffi import run_sync, JsException

def by_socket(url):
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.read().decode()

def by_fetch(url):
    try:
        return run_sync(run_sync(js.fetch(url)).text())
    except JsException as error:
        cause = error.js_error.cause
        return f"{cause.code} {cause.message}"

def on_fetch(request):
    query = parse_qs(urlparse(request.url).query)
    try:
        text = globals()[query["by"][0]](query["url"][0])
    except OSError as error:
        text = f"{type(error).__name__}: {error}"
    return Response.new(text)
`;

async function targetServer(answer: http.RequestListener): Promise<{ port: number; server: http.Server }> {
  const server = http.createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, server };
}

describe("[blockon.outbound]", () => {
  let allowed: Awaited<ReturnType<typeof targetServer>>;
  let denied: Awaited<ReturnType<typeof targetServer>>;
  let folder: WorkerFolder;
  let worker: ServeProcess;

  before(async () => {
    // Each request is a connection of its own, which the policy is asked for.
    denied = await targetServer((_, response) => response.writeHead(200, { connection: "close" }).end("secret"));
    allowed = await targetServer((request, response) => {
      if (request.url === "/redirect") {
        response.writeHead(302, { location: `http://127.0.0.1:${denied.port}/` }).end();
      } else {
        response.end("welcome");
      }
    });
    const rules = `[blockon.outbound]\nallow = ["127.0.0.1:${allowed.port}", "localhost:${allowed.port}", "10.0.0.0/8"]\ndeny = ["10.1.0.0/16"]\n`;
    folder = workerFolder(entry, [], rules);
    worker = await ServeProcess.start(folder.path);
  });

  after(async () => {
    await worker.stop();
    allowed.server.close();
    denied.server.close();
    folder.remove();
  });

  const ask = async (by: string, url: string): Promise<string> =>
    (await worker.get(`/?by=${by}&url=${encodeURIComponent(url)}`)).text();

  for (const by of ["by_socket", "by_fetch"]) {
    it(`lets ${by} connect where a rule allows it`, async () => {
      assert.equal(await ask(by, `http://127.0.0.1:${allowed.port}/`), "welcome");
      assert.equal(await ask(by, `http://localhost:${allowed.port}/`), "welcome");
    });

    it(`refuses ${by} another port, and says why`, async () => {
      assert.match(
        await ask(by, `http://127.0.0.1:${denied.port}/`),
        new RegExp(`the outbound policy refuses 127\\.0\\.0\\.1:${denied.port}: no rule allows it`),
      );
    });

    it(`refuses ${by} by the rule of a range`, async () => {
      assert.match(await ask(by, "http://10.1.2.3/"), /refuses 10\.1\.2\.3:80: denied by the rule '10\.1\.0\.0\/16'/);
    });

    it(`refuses ${by} at a redirect`, async () => {
      assert.match(
        await ask(by, `http://127.0.0.1:${allowed.port}/redirect`),
        /refuses 127\.0\.0\.1:\d+: no rule allows/,
      );
    });
  }

  it("sees what an IPv6 address leads to", async () => {
    assert.equal(await ask("by_socket", `http://[::ffff:127.0.0.1]:${allowed.port}/`), "welcome");
    assert.match(
      await ask("by_socket", `http://[::ffff:127.0.0.1]:${denied.port}/`),
      /refuses \[::ffff:127\.0\.0\.1\]:\d+: no rule allows it/,
    );
    assert.match(await ask("by_socket", `http://[::1]:${allowed.port}/`), /refuses \[::1\]:\d+: no rule allows it/);
  });

  it("refuses a name whose addresses are not allowed", async () => {
    assert.match(await ask("by_fetch", `http://localhost:${denied.port}/`), /refuses localhost .*no rule allows it/);
    assert.match(
      await ask("by_socket", `http://localhost:${denied.port}/`),
      /refuses 127\.0\.0\.1:\d+: no rule allows it/,
    );
  });

  it("knows of a name what the other way found", async () => {
    const rules = `[blockon.outbound]\ndeny = ["localhost:${denied.port}"]\n`;
    for (const ways of [
      ["by_socket", "by_fetch"],
      ["by_fetch", "by_socket"],
    ] as const) {
      const other = workerFolder(entry, [], rules);
      const started = await ServeProcess.start(other.path);
      const byAddress = async (by: string): Promise<string> =>
        (await started.get(`/?by=${by}&url=http://127.0.0.1:${denied.port}/`)).text();
      try {
        assert.equal(await byAddress(ways[1]), "secret");
        const byName = await started.get(`/?by=${ways[0]}&url=http://localhost:${denied.port}/`);
        assert.match(await byName.text(), /denied by the rule 'localhost:\d+'/);
        assert.match(await byAddress(ways[1]), /denied by the rule 'localhost:\d+'/);
      } finally {
        await started.stop();
        other.remove();
      }
    }
  });
});
