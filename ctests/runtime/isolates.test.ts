// blockon serve of more Workers than may have an isolate: all are served, and those that have nothing to do make room.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket as Client } from "ws";
import { ControlFolder } from "./lib/control_folder.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = (name: string): string => `
import asyncio, time
import js
from js import Response
from pyodide.ffi import create_proxy
from workers import WorkerEntrypoint

asked = 0
released = asyncio.Event()

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        global asked, released
        asked += 1
        what = request.url.rpartition("/")[2]
        if what == "slow":
            time.sleep(1.5)
        elif what == "held":
            await released.wait()
        elif what == "lasts":
            self.ctx.waitUntil(released.wait())
        elif what == "release":
            released.set()
            released = asyncio.Event()
        elif what == "socket":
            client, server = js.WebSocketPair.new().object_values()
            server.accept()
            server.addEventListener("message", create_proxy(lambda event: server.send(f"{event.data} {asked}")))
            return Response.new(None, status=101, webSocket=client)
        return Response.new(f"${name} {asked}")
`;

function folderOf(name: string): WorkerFolder {
  const folder = workerFolder(entry(name), ["python_run_sync"], `routes = ["${name}.example/*"]\n`);
  folder.write(
    "wrangler.toml",
    `name = "${name}"
main = "src/entry.py"
compatibility_date = "2026-10-01"
compatibility_flags = ["python_workers", "python_run_sync"]
routes = ["${name}.example/*"]
`,
  );
  return folder;
}

/** A server of Workers by their names, each at NAME.example. */
class Served {
  readonly #folders: readonly WorkerFolder[];
  readonly #control: ControlFolder;
  readonly server: ServeProcess;
  readonly metricsUrl: string;

  private constructor(folders: readonly WorkerFolder[], control: ControlFolder, server: ServeProcess, metrics: string) {
    this.#folders = folders;
    this.#control = control;
    this.server = server;
    this.metricsUrl = metrics;
  }

  static async start(names: readonly string[], ...options: string[]): Promise<Served> {
    const folders = names.map(folderOf);
    const control = new ControlFolder();
    const [first, ...others] = folders.map((folder) => folder.path);
    const args = [...others, ...options, "--metrics-port", "0"];
    const server = await ServeProcess.start(first as string, undefined, control.env, ...args);
    const [, metrics] = await server.logged(/metrics are at (\S+)/);
    return new Served(folders, control, server, metrics as string);
  }

  async get(name: string, what = ""): Promise<string> {
    const { port } = new URL(this.server.url);
    const request = http.get({ port, path: `/${what}`, headers: { host: `${name}.example` } });
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    let text = "";
    for await (const chunk of response) text += String(chunk);
    return response.statusCode === 200 ? text : `${response.statusCode} ${text}`;
  }

  async socket(name: string): Promise<Client> {
    const client = new Client(`${this.server.url.replace("http", "ws")}/socket`, {
      headers: { host: `${name}.example` },
    });
    await once(client, "open");
    return client;
  }

  /** Of a metric without labels, or of a Worker. */
  async metric(name: string, worker?: string): Promise<number> {
    const lines = (await (await fetch(this.metricsUrl)).text()).split("\n");
    const key = worker === undefined ? `${name} ` : `${name}{worker="${worker}"} `;
    const line = lines.find((each) => each.startsWith(key));
    return Number(line?.slice(key.length));
  }

  /** Resolves when an isolate is ready for whichever Worker is asked next. */
  async ready(): Promise<void> {
    while ((await this.metric("blockon_isolates_ready")) === 0) await sleep(20);
  }

  ps(): Promise<string> {
    return this.#control.run("ps").then(({ stdout }) => stdout);
  }

  async stop(): Promise<void> {
    const code = await this.server.stop();
    const last = this.server.log.slice(-10).map(({ msg }) => msg);
    assert.equal(code, 0, last.join("\n"));
    this.#control.remove();
    for (const folder of this.#folders) folder.remove();
  }
}

describe("30 Workers of a server that may have 8 isolates", () => {
  const names = Array.from({ length: 30 }, (_, index) => `w${index}`);
  let served: Served;
  before(async () => {
    served = await Served.start(names, "--max-isolates", "8", "--warm-isolates", "2");
  });
  after(() => served.stop());

  it("start when they are asked first, and all are served", async () => {
    await served.server.logged(/^30 Workers: each starts when it is asked first/);
    assert.equal(await served.metric("blockon_isolates_resident"), 0);
    for (const name of names) {
      await served.ready();
      assert.equal(await served.get(name), `${name} 1`);
      const resident = await served.metric("blockon_isolates_resident");
      assert.ok(resident <= 8, `${resident} isolates`);
    }
    assert.equal(await served.metric("blockon_isolate_evictions"), 22);
    // Each found the one that was ready.
    assert.equal(await served.metric("blockon_isolate_hits"), 30);
    assert.equal(await served.metric("blockon_isolate_misses"), 0);
  });

  it("that were asked last are still there, and others begin anew", async () => {
    assert.equal(await served.get("w29"), "w29 2");
    assert.equal(await served.get("w0"), "w0 1");
    assert.equal(await served.metric("blockon_worker_starts", "w0"), 2);
    assert.equal(await served.metric("blockon_worker_up", "w22"), 0);
    await served.server.logged(/the Worker w22 is evicted: there may be 8 isolates/);
  });

  it("are told of by ps", async () => {
    const text = await served.ps();
    assert.match(
      text,
      /\n {2}isolates: 8 of Workers, \d ready.*; \d+ starts found one ready, \d+ did not; 23 evictions\n/,
    );
    assert.match(text, /Worker w22: evicted: there may be 8 isolates, CPU/);
  });

  it("are served at once, more than there may be, and then less", async () => {
    const texts = await Promise.all(names.slice(0, 12).map((name) => served.get(name, "slow")));
    for (const [index, text] of texts.entries()) assert.match(text, new RegExp(`^w${index} \\d`));
    while ((await served.metric("blockon_isolates_resident")) > 8) await sleep(50);
  });
});

describe("a Worker that has something to do", () => {
  let served: Served;
  before(async () => {
    served = await Served.start(["one", "two", "three"], "--max-isolates", "1", "--warm-isolates", "1");
  });
  after(() => served.stop());

  it("is not evicted while it has a request", async () => {
    const first = await served.get("one");
    const held = served.get("one", "held");
    while ((await served.metric("blockon_worker_under_way", "one")) === 0) await sleep(10);
    assert.match(await served.get("two"), /^two/);
    const asked = Number(first.slice(4)) + 2;
    assert.equal(await served.get("one", "release"), `one ${asked}`);
    assert.equal(await held, `one ${asked}`);
    assert.equal(await served.metric("blockon_worker_starts", "one"), 1);
    await served.get("three");
    await served.get("two");
    assert.equal(await served.get("one"), "one 1");
  });

  it("is not evicted while something that was given to waitUntil goes on", async () => {
    const starts = await served.metric("blockon_worker_starts", "one");
    await served.get("one", "lasts");
    await served.get("two");
    assert.equal(await served.get("one", "release"), "one 3");
    assert.equal(await served.metric("blockon_worker_starts", "one"), starts);
  });

  it("is not evicted while it has a WebSocket", async () => {
    const starts = await served.metric("blockon_worker_starts", "one");
    const client = await served.socket("one");
    await served.get("two");
    await served.get("three");
    await sleep(1200);
    client.send("still");
    const [message] = (await once(client, "message")) as [Buffer];
    assert.match(String(message), /^still \d/);
    assert.equal(await served.metric("blockon_worker_starts", "one"), starts);
    client.close();
    await once(client, "close");
    // The server's end of it is closed a moment later.
    do {
      await served.get("two");
      await served.get("three");
    } while ((await served.metric("blockon_worker_up", "one")) === 1);
    assert.equal(await served.get("one"), "one 1");
  });
});

it("a Worker that was asked nothing for the idle time is evicted, and starts again", async () => {
  const served = await Served.start(["one", "two"], "--idle-time", "1");
  await served.server.logged(/ready after/);
  await served.server.logged(/the Worker one is evicted: it was asked nothing for 1 s/);
  await served.server.logged(/the Worker two is evicted/);
  assert.equal(await served.get("one"), "one 1");
  await served.server.logged(/the Worker one is evicted/, 1);
  assert.equal(await served.get("one"), "one 1");
  assert.equal(await served.metric("blockon_worker_starts", "one"), 3);
  await served.stop();
});

it("the memory of a server has a limit, beyond which Workers make room", async () => {
  const names = Array.from({ length: 10 }, (_, index) => `w${index}`);
  const served = await Served.start(names, "--max-memory", "260", "--warm-isolates", "1");
  for (const name of [...names, ...names]) assert.match(await served.get(name), new RegExp(`^${name} \\d`));
  assert.ok((await served.metric("blockon_isolate_evictions")) > 0);
  assert.ok((await served.metric("blockon_isolates_resident")) < 10);
  await served.stop();
});
