// blockon reload: what a Worker's folder holds by then is served, and no request is dropped.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ControlFolder } from "./lib/control_folder.ts";
import type { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = (version: string): string => `
import js, time
from js import Response
from pyodide.ffi import run_sync

async def later(env):
    print("later: waiting")
    await js.fetch(env.GATE)
    print("later: done by ${version}")

def on_fetch(request, env, ctx):
    path = js.URL.new(request.url).pathname
    if path == "/wait":
        print("waiting")
        run_sync(js.fetch(env.GATE))
    if path == "/later":
        ctx.waitUntil(later(env))
    time.sleep(0.002)
    return Response.new("${version} " + env.NAME)
`;

/** Answers when it is told to. */
let openGate = Promise.withResolvers<void>();
const gate = http.createServer(async (_request, response) => {
  await openGate.promise;
  response.end("open");
});
let gateUrl = "";

const configured = (name: string): string =>
  `name = "test"\nmain = "src/entry.py"\ncompatibility_date = "2026-10-01"\ncompatibility_flags = ["python_workers"]\n[vars]\nNAME = "${name}"\nGATE = "${gateUrl}"\n`;

describe("blockon reload", () => {
  let folder: WorkerFolder;
  let control: ControlFolder;
  let server: ServeProcess;
  const text = async (target = "/"): Promise<string> => {
    const response = await server.get(target);
    return `${response.status} ${await response.text()}`;
  };
  before(async () => {
    await once(gate.listen(0, "127.0.0.1"), "listening");
    gateUrl = `http://127.0.0.1:${(gate.address() as AddressInfo).port}/`;
    folder = workerFolder(entry("one"));
    folder.write("wrangler.toml", configured("a"));
    control = new ControlFolder();
    server = await control.serve(folder.path);
    await server.logged(/ready after/);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    gate.close();
    control.remove();
    folder.remove();
  });

  it("has the new Workers answer at once, and the old ones what they have", async () => {
    assert.equal(await text(), "200 one a");
    let isOver = false;
    const answers = new Set<string>();
    const lanes = Array.from({ length: 4 }, async () => {
      while (!isOver) answers.add(await text());
    });
    const waiting = text("/wait");
    await server.logged(/waiting/);
    folder.write("src/entry.py", entry("two"));
    folder.write("wrangler.toml", configured("b"));
    const { code, stdout } = await control.run("reload");
    assert.equal(code, 0);
    assert.match(stdout, /^process \d+ has reloaded test\n$/);
    assert.equal(await text(), "200 two b");
    isOver = true;
    await Promise.all(lanes);
    assert.deepEqual([...answers].sort(), ["200 one a", "200 two b"]);
    assert.equal((await control.reports())[0]?.workers.length, 1);
    openGate.resolve();
    assert.equal(await waiting, "200 one a");
  });

  it("changes nothing when the new Workers cannot be loaded, and says why", async () => {
    folder.write("src/entry.py", 'raise ImportError("no \\x1b[31msuch thing")\n');
    const broken = await control.run("reload");
    assert.equal(broken.code, 1);
    assert.match(
      broken.stderr,
      /^blockon: process \d+ has reloaded nothing: the Worker test could not be loaded:\nTraceback[\s\S]*no \\u001b\[31msuch thing/,
    );
    assert.equal(await text(), "200 two b");
    folder.write("wrangler.toml", "name = 1\n");
    const wrong = await control.run("reload");
    assert.match(wrong.stderr, /has reloaded nothing: .*wrangler\.toml:1: "name" is the number 1/);
    assert.equal(await text(), "200 two b");
    folder.write("wrangler.toml", configured("c"));
    folder.write("src/entry.py", entry("three"));
    assert.equal((await control.run("reload", String(server.child.pid))).code, 0);
    assert.equal(await text(), "200 three c");
  });

  it("has the old ones end what goes on in waitUntil, as a signal does", async () => {
    openGate = Promise.withResolvers();
    folder.write("src/entry.py", entry("four"));
    assert.equal((await control.run("reload")).code, 0);
    assert.equal(await text("/later"), "200 four c");
    await server.logged(/^later: waiting/);
    folder.write("src/entry.py", entry("five"));
    assert.equal((await control.run("reload")).code, 0);
    assert.equal(await text("/later"), "200 five c");
    await server.logged(/^later: waiting/, 1);
    server.child.kill("SIGTERM");
    await server.logged(/^SIGTERM: stopping/);
    // Until the server has looked several times whether they have done.
    await sleep(300);
    openGate.resolve();
    assert.equal(await server.exited(), 0);
    await server.logged(/^later: done by four/);
    await server.logged(/^later: done by five/);
    server = await control.serve(folder.path);
  });

  it("needs a server", async () => {
    const { code, stderr } = await control.run("reload", "999999999");
    assert.deepEqual([code, stderr], [1, "blockon: no server runs as process 999999999\n"]);
  });
});
