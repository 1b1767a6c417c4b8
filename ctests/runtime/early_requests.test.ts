// Requests that come before their Worker is loaded: its thread has them by then, and they begin with the Worker.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { bareWorker } from "../../runtime/pool/bare_worker.ts";
import { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { EarlyRequests } from "../../runtime/worker/early_requests.ts";
import type { FromExchange, ToExchange } from "../../runtime/worker/protocol.ts";
import { textOf } from "./lib/warm.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const request = (id: number): ToExchange => ({
  ...{ type: "request", id, method: "GET", url: "http://h/", headers: "", body: true, held: false, client: "" },
});

describe("a thread whose Worker is loaded", () => {
  it("holds what comes until then, in its order, and nothing after", () => {
    const received: ToExchange[] = [];
    const early = new EarlyRequests(
      (message) => received.push(message),
      () => assert.fail("nothing is answered"),
    );
    const messages: ToExchange[] = [request(1), request(2), { type: "request.end", id: 1 }];
    for (const message of messages) assert.equal(early.holds(message), true);
    assert.deepEqual(received, []);
    early.begin();
    assert.deepEqual(received, messages);
    assert.equal(early.holds(request(3)), false);
  });

  it("begins none that was given up, and answers it when the pool knows of the Worker", () => {
    const received: ToExchange[] = [];
    const posted: FromExchange[] = [];
    const early = new EarlyRequests(
      (message) => received.push(message),
      (message) => posted.push(message),
    );
    for (const message of [request(1), request(2), { type: "cancel", id: 1, text: "gone" } as const]) {
      early.holds(message);
    }
    assert.deepEqual(posted, []);
    early.begin();
    assert.deepEqual(received, [request(2)]);
    assert.deepEqual(posted, [
      { type: "response.error", id: 1, text: "the request was given up before the Worker was there" },
    ]);
  });
});

const entry = `
from js import Response

asked = []

async def on_fetch(request):
    asked.append(request.url.rpartition("/")[2] + await request.text())
    return Response.new(" ".join(asked))
`;

describe("a Worker that starts", () => {
  let folder: WorkerFolder;
  const hosts: WorkerHost[] = [];
  const said: string[] = [];
  const make = (file = "entry.py"): WorkerHost => {
    const host = new WorkerHost({
      name: "early",
      describe: () =>
        bareWorker("early", folder.path, {
          main: `/session/metadata/src/${file}`,
          features: ["python_workers", "python_run_sync"],
        }),
      onLog: (_level, text) => said.push(text),
      onOutput: () => {},
    });
    hosts.push(host);
    return host;
  };
  const get = (what: string) => ({ method: "GET", url: `http://a/${what}`, headers: [], body: null });
  before(() => {
    folder = workerFolder(entry);
    folder.write("src/broken.py", "raise ValueError('broken')\n");
    folder.write("src/slow.py", `import time\ntime.sleep(1)\n${entry}`);
  });
  after(async () => {
    await Promise.all(hosts.map((host) => host.stop()));
    folder.remove();
  });

  it("answers those that came before it, and counts them", async () => {
    const host = make();
    const bodies = [host.open(get("a")), host.open(get("b"))];
    assert.equal(host.isRunning, false);
    await host.start();
    assert.equal(host.underWay, 2);
    const texts = await Promise.all(
      bodies.map(async ({ response }) => String(Buffer.from((await response).body as Uint8Array))),
    );
    assert.deepEqual(texts, ["a", "a b"]);
    assert.equal(host.underWay, 0);
    const body = new TextEncoder().encode("body");
    const { body: text } = await host.fetch({ ...get("c"), method: "POST", body });
    assert.equal(String(Buffer.from(text as Uint8Array)), "a b cbody");
  });

  it("answers one with a body, and hears of none that was given up", async () => {
    const host = make();
    const posted = host.open({ ...get("p"), method: "POST", body: new TextEncoder().encode("body") });
    const given = host.open(get("given-up"));
    given.cancel("the client disconnected");
    await assert.rejects(given.response, /the request was given up before the Worker was there/);
    assert.equal(String(Buffer.from((await posted.response).body as Uint8Array)), "pbody");
    assert.equal(await textOf(host, "b"), "pbody b");
    assert.equal(host.underWay, 0);
  });

  it("hears of none that is given up while it is loaded", async () => {
    const host = make("slow.py");
    const first = host.open(get("a"));
    const given = host.open(get("given-up"));
    // It has a thread by then.
    while (host.starts === 0) await new Promise((resolve) => setImmediate(resolve));
    given.cancel("the client disconnected");
    await assert.rejects(given.response, /the request was given up before the Worker was there/);
    assert.equal(String(Buffer.from((await first.response).body as Uint8Array)), "a");
    assert.equal(await textOf(host, "b"), "a b");
    assert.equal(host.underWay, 0);
  });

  it("fails them with why it cannot be loaded, and says no more", async () => {
    said.length = 0;
    const host = make("broken.py");
    await assert.rejects(host.fetch(get("a")), { name: "WorkerFailedError", message: /ValueError: broken/ });
    await assert.rejects(host.fetch(get("a")), { name: "WorkerFailedError", message: /ValueError: broken/ });
    assert.equal(host.underWay, 0);
    assert.deepEqual(said, []);
  });

  it("that is lost fails them, and the next request finds another thread", async () => {
    const host = make();
    const lost = host.open(get("a"));
    while (host.starts === 0) await new Promise((resolve) => setImmediate(resolve));
    await host.terminate();
    await assert.rejects(lost.response, { name: "WorkerLostError" });
    assert.equal(host.underWay, 0);
  });
});
