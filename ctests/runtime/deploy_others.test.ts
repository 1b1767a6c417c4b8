// A deployment changes one Worker: the others go on as they are, with what their modules hold.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { ControlFolder } from "./lib/control_folder.ts";
import { blockon, ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

/** Counts its requests in memory, has a lifespan, and calls `changing`. */
const lasting = `
import asyncio
from workers import Response, WorkerEntrypoint, asgi

count = 0

async def app(scope, receive, send):
    global count
    if scope["type"] == "lifespan":
        await receive()
        print("lifespan of", scope["state"].setdefault("name", "lasting"), "begins")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("lifespan ends")
        await send({"type": "lifespan.shutdown.complete"})
        return
    count += 1
    try:
        said = await scope["env"].CHANGING.say()
    except Exception as error:
        said = type(error).__name__
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{count} {said}".encode()})

Default = asgi.entrypoint(app)
`;
const changing = (version: string): string => `
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("${version} of the route")

    def say(self):
        return "${version}"
`;
const own = `
from js import Response
count = 0
def on_fetch(request):
    global count
    count += 1
    return Response.new(str(count))
`;
/** Returns a function. */
const lender = (version: string): string => `
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("")

    def function(self):
        return lambda: "${version}"
`;
/** Calls a function that it was returned, or passed, when the gate opens. */
const borrower = (gate: string): string => `
import js
from workers import Response, WorkerEntrypoint

async def wait():
    print("waits")
    await js.fetch("${gate}")

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        function = await self.env.LENDER.function()
        await wait()
        return Response(await function())

    async def call_back(self, function):
        await wait()
        return "called by " + await function()
`;
/** Passes a function. */
const asker = `
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(await self.env.BORROWER.call_back(lambda: "first"))
`;
const configured = (name: string, rest = ""): string =>
  `name = "${name}"\nmain = "src/entry.py"\ncompatibility_date = "2026-10-01"\ncompatibility_flags = ["python_workers"]\n` +
  `routes = ["127.0.0.1/${name}"]\n${rest}`;

describe("Workers that a deployment does not name", () => {
  const root = mkdtempSync(path.join(os.tmpdir(), "blockon-deployments-"));
  const folders: { [name: string]: WorkerFolder } = {};
  let control: ControlFolder;
  let server: ServeProcess;
  const make = (name: string, entry: string, rest = ""): WorkerFolder => {
    const folder = workerFolder(entry);
    folder.write("wrangler.toml", configured(name, rest));
    folders[name] = folder;
    return folder;
  };
  const text = async (name: string): Promise<string> => {
    const response = await server.get(`/${name}`);
    return `${response.status} ${await response.text()}`;
  };
  const deploy = async (folder: WorkerFolder): Promise<void> => {
    const { code, stderr } = await control.run("deploy", folder.path);
    assert.deepEqual([code, stderr], [0, ""]);
  };
  const starts = async (): Promise<{ [name: string]: number }> => {
    const [report] = await control.reports();
    return Object.fromEntries(report?.workers.map(({ name, requests }) => [name, requests]) ?? []);
  };

  before(async () => {
    control = new ControlFolder();
    const first = make("own", own);
    server = await ServeProcess.start(first.path, blockon, control.env, "--deployments", path.join(root, "kept"));
    await deploy(make("changing", changing("one")));
    await deploy(make("lasting", lasting, '[[services]]\nbinding = "CHANGING"\nservice = "changing"\n'));
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    control.remove();
    for (const folder of Object.values(folders)) folder.remove();
    rmSync(root, { recursive: true });
  });

  it("live on over a deployment, and reach what was deployed", async () => {
    assert.equal(await text("own"), "200 1");
    assert.equal(await text("lasting"), "200 1 one");
    folders.changing?.write("src/entry.py", changing("two"));
    await deploy(folders.changing as WorkerFolder);
    assert.equal(await text("changing"), "200 two of the route");
    assert.equal(await text("own"), "200 2");
    assert.equal(await text("lasting"), "200 2 two");
  });

  it("live on over one that fails, a rollback and a deletion", async () => {
    folders.changing?.write("src/entry.py", "raise SystemExit('no')");
    assert.equal((await control.run("deploy", (folders.changing as WorkerFolder).path)).code, 1);
    assert.equal(await text("lasting"), "200 3 two");
    assert.equal((await control.run("rollback", "changing")).code, 0);
    assert.equal(await text("lasting"), "200 4 one");
    await deploy(make("passing", changing("passing")));
    assert.equal(await text("passing"), "200 passing of the route");
    assert.equal((await control.run("delete", "passing")).code, 0);
    assert.match(await text("passing"), /^404/);
    assert.equal(await text("own"), "200 3");
    assert.equal(await text("lasting"), "200 5 one");
    assert.deepEqual(Object.keys(await starts()).sort(), ["changing", "lasting", "own"]);
    const told = server.log.filter(({ msg }) => msg.startsWith("lifespan "));
    assert.deepEqual(
      told.map(({ msg }) => msg),
      ["lifespan of lasting begins"],
    );
  });

  it("call functions of the one that was replaced, while they have a request that may", async () => {
    let open = Promise.withResolvers<void>();
    const gate = http.createServer(async (_request, response) => {
      await open.promise;
      response.end("open");
    });
    await once(gate.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${(gate.address() as AddressInfo).port}/`;
    await deploy(make("lender", lender("one")));
    await deploy(make("borrower", borrower(url), '[[services]]\nbinding = "LENDER"\nservice = "lender"\n'));
    await deploy(make("asker", asker, '[[services]]\nbinding = "BORROWER"\nservice = "borrower"\n'));
    /** What comes of a request that waits while the other Worker is deployed anew. */
    const over = async (name: string, replaced: string, entry: string): Promise<string> => {
      open = Promise.withResolvers();
      const before = server.log.filter(({ msg }) => msg === "waits").length;
      const answer = text(name);
      await server.logged(/^waits /, before);
      folders[replaced]?.write("src/entry.py", entry);
      await deploy(folders[replaced] as WorkerFolder);
      open.resolve();
      return answer;
    };
    assert.equal(await over("borrower", "lender", lender("two")), "200 one");
    assert.equal(await over("asker", "asker", asker.replace("first", "second")), "200 called by first");
    assert.equal(await over("borrower", "borrower", `${borrower(url)}\nnewer = True\n`), "200 two");
    assert.equal(await text("borrower"), "200 two");
    assert.equal(await text("asker"), "200 called by second");
    gate.close();
  });

  it("are loaded anew by a reload, which ends their lifespan", async () => {
    assert.equal((await control.run("reload")).code, 0);
    assert.equal(await text("own"), "200 1");
    assert.equal(await text("lasting"), "200 1 one");
    await server.logged(/lifespan ends/);
  });

  it("are not to be deleted while another needs them", async () => {
    const { code, stderr } = await control.run("delete", "changing");
    assert.equal(code, 1);
    assert.match(stderr, /changing/);
    assert.equal(await text("lasting"), "200 2 one");
  });
});
