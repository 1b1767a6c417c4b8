// Queues as a Worker has them: what is sent is delivered, at least once, and outlasts the server.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { acknowledgedOverKills } from "./lib/killed_puts.ts";
import { failing, run, scriptWorker } from "./lib/script_worker.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { serverPid } from "./lib/server_processes.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const queue = (binding: string, name: string, more = ""): string =>
  `[[queues.producers]]\nbinding = "${binding}"\nqueue = "${name}"\n${more}`;
const consumer = (name: string, more = ""): string =>
  `[[queues.consumers]]\nqueue = "${name}"\nmax_batch_timeout = 0\n${more}`;

/** Notes what it is given, and does with each message what that asks for. */
const consuming = `
noted = []

def note(message):
    body = message.body
    kind = body.constructor.name if hasattr(body, "constructor") else type(body).__name__
    text = body.to_bytes().hex() if kind == "ArrayBuffer" else js.JSON.stringify(body)
    noted.append([kind, text, message.attempts])

def on_queue(batch, env, ctx):
    noted.append([batch.queue, batch.messages.length])
    for message in batch.messages:
        note(message)
    for message in batch.messages:
        asked = getattr(message.body, "do", None)
        if asked == "raise":
            raise ValueError("as asked")
        if asked == "retry":
            message.retry()
        if asked == "later":
            message.retry({"delaySeconds": 1} if message.attempts == 1 else None)
        if asked == "ack":
            message.ack()
            message.retry()
        if asked == "all":
            batch.retryAll()
            batch.ackAll()
        if asked == "exit":
            import os
            if message.attempts == 1:
                os._exit(1)
        if asked == "wrong":
            message.retry({"delaySeconds": -1})
`;

async function until<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await read();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("queues", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(
      scriptWorker + consuming,
      [],
      [
        queue("JOBS", "jobs"),
        queue("SLOW", "jobs", "delivery_delay = 1\n"),
        queue("DEAD", "dead"),
        queue("LARGE", "large"),
        queue("NOBODY", "nobody"),
        consumer("jobs", 'max_retries = 2\ndead_letter_queue = "dead"\n'),
        consumer("dead", "max_retries = 0\n"),
        '[[queues.consumers]]\nqueue = "large"\nmax_batch_size = 3\nmax_batch_timeout = 60\n',
      ].join(""),
    );
    server = await ServeProcess.start(folder.path);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  /** What was noted, when there are so many messages. */
  async function noted(count: number): Promise<[string, string | number, number?][]> {
    const all = await until(async () => {
      const found = (await run(server, "import entry; result = entry.noted")) as [string, string | number, number?][];
      return found.filter(({ length }) => length === 3).length >= count ? found : undefined;
    });
    await run(server, "import entry; entry.noted.clear()");
    return all;
  }
  const messages = (all: Awaited<ReturnType<typeof noted>>) => all.filter(({ length }) => length === 3);

  it("deliver what was sent, by each content type", async () => {
    await run(
      server,
      `run_sync(env.JOBS.send({"a": [1, None, "ü"]}))
run_sync(env.JOBS.send("text", contentType="text"))
run_sync(env.JOBS.send(b"\\x00\\xff", {"contentType": "bytes"}))
run_sync(env.JOBS.send(to_js({"when": js.Date.new(0)}), contentType="v8"))
run_sync(env.JOBS.send(7))`,
    );
    assert.deepEqual(messages(await noted(5)), [
      ["Object", '{"a":[1,null,"ü"]}', 1],
      ["str", '"text"', 1],
      ["ArrayBuffer", "00ff", 1],
      ["Object", '{"when":"1970-01-01T00:00:00.000Z"}', 1],
      ["int", "7", 1],
    ]);
  });

  it("deliver batches when they are full", async () => {
    await run(server, `run_sync(env.LARGE.sendBatch([{"body": n} for n in range(7)]))`);
    const all = await noted(6);
    assert.deepEqual(
      all.filter(({ length }) => length === 2),
      [
        ["large", 3],
        ["large", 3],
      ],
    );
    await run(server, `run_sync(env.LARGE.sendBatch([{"body": 7}, {"body": 8, "contentType": "json"}]))`);
    assert.deepEqual(messages(await noted(3)), [
      ["int", "6", 1],
      ["int", "7", 1],
      ["int", "8", 1],
    ]);
  });

  it("deliver again what failed, and what is asked for, then to the dead letter queue", async () => {
    await run(server, `run_sync(env.JOBS.send({"do": "retry"}))`);
    const retried = await noted(4);
    assert.deepEqual(
      messages(retried).map(([, , attempts]) => attempts),
      [1, 2, 3, 1],
    );
    assert.deepEqual(retried.at(-2), ["dead", 1]);
    await server.logged(/messages of the queue jobs were tried 3 times, and go to dead: [0-9a-f]{32}/);
    await server.logged(/messages of the queue dead were tried 1 times, and are gone: there is no dead_letter_queue/);

    await run(server, `run_sync(env.JOBS.sendBatch([{"body": {"do": "ack"}}, {"body": {"do": "raise"}}]))`);
    const raised = messages(await noted(5)).map(([, text, attempts]) => `${text} ${attempts}`);
    assert.deepEqual(raised, [
      '{"do":"ack"} 1',
      '{"do":"raise"} 1',
      '{"do":"raise"} 2',
      '{"do":"raise"} 3',
      '{"do":"raise"} 1',
    ]);
    await server.logged(/the handler of the queue jobs failed: [\s\S]*ValueError: as asked/);

    await run(server, `run_sync(env.JOBS.sendBatch([{"body": {"do": "all"}}, {"body": {"do": "ack"}}]))`);
    const all = messages(await noted(5)).map(([, text, attempts]) => `${text} ${attempts}`);
    assert.deepEqual(all.slice(0, 3), ['{"do":"all"} 1', '{"do":"ack"} 1', '{"do":"all"} 2']);
  });

  it("wait as long as a message is to wait", async () => {
    await run(
      server,
      `run_sync(env.SLOW.sendBatch([{"body": "late"}, {"body": "now", "delaySeconds": 0}]))
run_sync(env.JOBS.sendBatch([{"body": "both"}], delaySeconds=2))`,
    );
    const order = messages(await noted(3)).map(([, text]) => text);
    assert.deepEqual(order, ['"now"', '"late"', '"both"']);
    await run(server, `run_sync(env.JOBS.send({"do": "later"}))`);
    assert.deepEqual(
      messages(await noted(4)).map(([, , attempts]) => attempts),
      [1, 2, 3, 1],
    );
  });

  it("deliver again what a Worker that was lost had", async () => {
    // Later: what else is under way then is lost, too.
    await run(server, `run_sync(env.JOBS.send({"do": "exit"}, delaySeconds=1))`);
    await server.logged(/a batch of the queue jobs was lost on its way, and is tried again/);
    assert.deepEqual(messages(await noted(1)), [["Object", '{"do":"exit"}', 2]]);
  });

  it("have Cloudflare's limits, and say what is wrong", async () => {
    const limits: [script: string, text: RegExp][] = [
      [`env.NOBODY.send("x" * (128 * 1024))`, /Queue: a message has at most 131072 bytes, and this one 131074/],
      [`env.NOBODY.sendBatch([])`, /Queue: 0 messages were sent at once; expected 1 to 100/],
      [`env.NOBODY.sendBatch([{"body": 1}] * 101)`, /101 messages/],
      [`env.NOBODY.sendBatch([{"body": "x" * 100000}] * 3)`, /at most 262144 bytes, and these 300006/],
      [`env.NOBODY.sendBatch([{}])`, /each message of sendBatch\(\) has a body/],
      [`env.NOBODY.sendBatch(1)`, /takes messages, each with a body/],
      [`env.NOBODY.send(1, delaySeconds=43201)`, /delaySeconds is 43201; expected an integer from 0 to 43200/],
      [`env.NOBODY.send(1, delaySeconds="soon")`, /delaySeconds is a number, not soon/],
      [`env.NOBODY.send(1, contentType="xml")`, /contentType is xml; expected one of "text", "bytes", "json", "v8"/],
      [`env.NOBODY.send(1, contentType="text")`, /a message is a string/],
      [`env.NOBODY.send("x", contentType="bytes")`, /a message is an ArrayBuffer/],
      [`env.NOBODY.send(js.Object, contentType="v8")`, /a function cannot be sent/],
    ];
    for (const [script, text] of limits) assert.match(await failing(server, `run_sync(${script})`), text);
    await run(server, `run_sync(env.JOBS.send({"do": "wrong"}))`);
    await server.logged(/delaySeconds is -1; expected an integer from 0 to 43200/);
  });
});

describe("the messages of queues", () => {
  const producing = `
import js
from js import Response
from pyodide.ffi import run_sync

async def on_queue(batch, env):
    for message in batch.messages:
        await env.DONE.put(message.body, str(message.attempts))

def on_fetch(request, env):
    key = js.URL.new(request.url).pathname[1:]
    if request.method == "PUT":
        run_sync(env.JOBS.send(key))
        return Response.new("sent")
    return Response.new(run_sync(env.DONE.get(key)))
`;

  it("that were acknowledged are all delivered over kills of the server in the middle of it", async () => {
    const folder = workerFolder(
      producing,
      [],
      `${queue("JOBS", "jobs")}${consumer("jobs", "max_retries = 100\n")}[[kv_namespaces]]\nbinding = "DONE"\n`,
    );
    const acknowledged = await acknowledgedOverKills(() => ServeProcess.start(folder.path), "sent");
    const server = await ServeProcess.start(folder.path);
    for (const key of acknowledged) {
      const attempts = await until(async () => (await (await server.get(`/${key}`)).text()) || undefined);
      assert.match(attempts, /^\d+$/);
    }
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  it("go to one server at a time, and to the other one when that ends", async () => {
    const numbered = producing.replace("str(message.attempts)", 'f"{env.SERVER} {message.attempts}"');
    const settings = `${queue("JOBS", "jobs")}${consumer("jobs", "max_retries = 100\n")}[[kv_namespaces]]\nbinding = "DONE"\nid = "done"\n`;
    const folders = ["first", "second"].map((name) =>
      workerFolder(numbered, [], `${settings}[vars]\nSERVER = "${name}"\n`),
    );
    const [one, other] = folders as [WorkerFolder, WorkerFolder];
    const start = (folder: WorkerFolder) =>
      ServeProcess.start(folder.path, undefined, undefined, "--state", `${one.path}/.blockon/state`);
    const first = await start(one);
    const done = (at: ServeProcess, key: string) =>
      until(async () => (await (await at.get(`/${key}`)).text()) || undefined);
    await first.get("/a", { method: "PUT" });
    assert.equal(await done(first, "a"), "first 1");
    const second = await start(other);
    await second.logged(/the messages of the queue jobs go to another server \(pid \d+\) as long as that runs/);
    await second.get("/b", { method: "PUT" });
    assert.equal(await done(second, "b"), "first 1");
    assert.equal(await first.stop(), 0);
    await second.get("/c", { method: "PUT" });
    assert.equal(await done(second, "c"), "second 1");
    // One that is killed says nothing of its end.
    const third = await start(one);
    await third.logged(/the messages of the queue jobs go to another server/);
    process.kill(serverPid(second), "SIGKILL");
    await second.exited();
    await third.get("/d", { method: "PUT" });
    assert.equal(await done(third, "d"), "first 1");
    assert.equal(await third.stop(), 0);
    for (const folder of folders) folder.remove();
  });

  it("wait until their Worker can be loaded, without a try less", async () => {
    const folder = workerFolder(producing, [], `${queue("JOBS", "jobs")}[[kv_namespaces]]\nbinding = "DONE"\n`);
    const first = await ServeProcess.start(folder.path);
    assert.equal(await (await first.get("/kept", { method: "PUT" })).text(), "sent");
    assert.equal(await first.stop(), 0);
    folder.write(
      "wrangler.toml",
      `${readFileSync(`${folder.path}/wrangler.toml`, "utf8")}${consumer("jobs", "max_retries = 0\n")}`,
    );
    folder.write("src/entry.py", "raise ValueError('not yet')\n");
    const second = await ServeProcess.start(folder.path);
    await second.logged(/the queue jobs waits: its Worker cannot be loaded/);
    folder.write("src/entry.py", producing);
    assert.equal(await until(async () => (await (await second.get("/kept")).text()) || undefined), "1");
    assert.equal(await second.stop(), 0);
    folder.remove();
  });

  it("are those of another Worker in the same server, as its class and the SDK have them", async () => {
    const producer = workerFolder(
      producing,
      [],
      `${queue("JOBS", "jobs")}[[kv_namespaces]]\nbinding = "DONE"\nid = "done"\n`,
    );
    const sdk = workerFolder(
      `from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def queue(self, batch):
        for message in batch.messages:
            await self.env.DONE.put(message.body, f"{batch.queue} {len(batch.messages)} {message.attempts}")
            message.ack()
        await self.env.OTHER.send({"from": "the SDK"})

    async def fetch(self, request):
        raise NotImplementedError
`,
      [],
      `${queue("OTHER", "other")}${consumer("jobs")}[[kv_namespaces]]\nbinding = "DONE"\nid = "done"\n`,
    );
    sdk.write("wrangler.toml", readFileSync(`${sdk.path}/wrangler.toml`, "utf8").replace('"test"', '"sdk"'));
    const state = `${producer.path}/.blockon/state`;
    const server = await ServeProcess.start(producer.path, undefined, undefined, sdk.path, "--state", state);
    await server.get("/job", { method: "PUT" });
    assert.equal(await until(async () => (await (await server.get("/job")).text()) || undefined), "jobs 1 1");
    assert.equal(await server.stop(), 0);
    producer.remove();
    sdk.remove();
  });
});
