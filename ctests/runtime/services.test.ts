// Workers that call one another, from the outside.
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, describe, it } from "node:test";
import { failing, run, scriptWorker } from "./lib/script_worker.ts";
import { ServeProcess, serveUntilExit } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const bindings = `
[[services]]
binding = "B"
service = "b"

[[services]]
binding = "ADMIN"
service = "b"
entrypoint = "Admin"

[[services]]
binding = "SELF"
service = "a"

[[services]]
binding = "BROKEN"
service = "broken"
`;

const target = `
import asyncio, datetime, os, threading, time
from concurrent.futures import Future
from pyodide.ffi import run_sync
from workers import Request, Response, WorkerEntrypoint

class AppError(Exception):
    pass

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        text = await request.text()
        return Response(f"{request.method} {request.url} {text}", status=201, headers={"x-tag": request.headers.get("x-tag") or "-"})

    def add(self, a, b=10):
        time.sleep(0.001)
        return a + b

    async def echo(self, value):
        await asyncio.sleep(0)
        return value

    def kind(self, value):
        return type(value).__name__

    def shift(self, moment):
        return moment + datetime.timedelta(days=1)

    async def again(self, count):
        """Through both Workers, and through a thread and a task, until the count is 0."""
        if count == 0:
            return 0
        if count % 3 == 0:
            return 1 + self.on_thread(count)
        if count % 3 == 1:
            return 1 + await asyncio.create_task(self.on(count))
        return 1 + run_sync(self.env.A.again(count - 1))

    def on_thread(self, count):
        future = Future()
        def run():
            try:
                future.set_result(run_sync(self.env.B.again(count - 1)))
            except Exception as error:
                future.set_exception(error)
        threading.Thread(target=run).start()
        return future.result()

    async def on(self, count):
        await asyncio.sleep(0.001)
        return await self.env.B.again(count - 1)

    def fail(self, text):
        raise AppError(text)

    def wrong(self):
        raise ValueError("line one\\nline two")

    def function(self):
        return lambda: 1

    def _hidden(self):
        return "hidden"

    def leave(self):
        os._exit(3)

    def body(self, request):
        return [request.method, len(request.url)]

class Admin(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("admin")

    def who(self):
        return self.env.NAME
`;

// The classes of workers, which convert what goes and comes.
const sdk = (script: string): string => `
import workers
class Default(workers.WorkerEntrypoint):
    pass
env = Default(ctx, env).env
async def use():
${script.replaceAll(/^/gm, "    ")}
result = run_sync(use())
`;

function named(name: string, entry: string, toml: string): WorkerFolder {
  const folder = workerFolder(entry, [], toml);
  folder.write(
    "wrangler.toml",
    `name = "${name}"\nmain = "src/entry.py"\ncompatibility_date = "2026-10-01"\ncompatibility_flags = ["python_workers"]\n${toml}`,
  );
  return folder;
}

describe("Workers of one server", () => {
  let folders: WorkerFolder[];
  let server: ServeProcess;
  before(async () => {
    folders = [
      named("a", scriptWorker, bindings),
      named(
        "b",
        target,
        'routes = ["b.example/*"]\nservices = [{ binding = "B", service = "b" }, { binding = "A", service = "b" }]\n[vars]\nNAME = "b itself"\n',
      ),
      named("broken", "raise ImportError('no such thing')", ""),
    ];
    const [first, ...others] = folders.map(({ path }) => path) as [string, ...string[]];
    server = await ServeProcess.start(first, undefined, undefined, ...others);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    for (const folder of folders) folder.remove();
  });

  it("call methods, with values of every kind", async () => {
    assert.equal(await run(server, sdk("return await env.B.add(1, 2)")), 3);
    assert.equal(await run(server, "result = run_sync(env.B.add(1))"), 11);
    const values = `[None, True, 0, -1.5, 2**80, "grüße \\ud83d\\ude00", b"\\x00\\xff", [1, [2]], {"a": {"b": None}, "c": [b"d"]}, ""]`;
    assert.equal(
      await run(
        server,
        sdk(`values = ${values}
got = [await env.B.echo(value) for value in values]
got[6] = got[6].tobytes() if isinstance(got[6], memoryview) else got[6]
kinds = [await env.B.kind(value) for value in values]
return repr(got[:6] + got[7:8] + got[9:]) + " ".join(kinds) + repr(bytes(got[6])) + repr(got[8]["a"])`),
      ),
      `[None, True, 0, -1.5, 1208925819614629174706176, 'grüße 😀', [1, [2]], '']` +
        `NoneType bool int float JsBigInt str memoryview list JsDict str` +
        `b'\\x00\\xff'{'b': None}`,
    );
    assert.equal(
      await run(
        server,
        sdk(`import datetime
moment = datetime.datetime(2026, 1, 2, 3, 4, 5)
return (await env.B.shift(moment) - moment).total_seconds()`),
      ),
      86400,
    );
    assert.equal(await run(server, "result = run_sync(env.B.kind([1, {'a': (2,)}]))"), "list");
  });

  it("send requests", async () => {
    const script = `response = run_sync(env.B.fetch("http://b/path?q=1", method="POST", body="sent", headers=to_js({"x-tag": "t"}, dict_converter=js.Object.fromEntries)))
result = [response.status, response.headers.get("x-tag"), run_sync(response.text())]`;
    assert.deepEqual(await run(server, script), [201, "t", "POST http://b/path?q=1 sent"]);
    assert.equal(await run(server, `result = run_sync(run_sync(env.ADMIN.fetch("http://b/")).text())`), "admin");
    assert.deepEqual(
      await run(
        server,
        sdk(`response = await env.B.fetch("http://b/", method="PUT", body="x" * 100000)
return [response.status, len(await response.text())]`),
      ),
      [201, 100014],
    );
    assert.deepEqual(await run(server, `result = run_sync(env.B.body(js.Request.new("http://x/", method="PUT")))`), [
      "PUT",
      9,
    ]);
  });

  it("have entrypoints of their own", async () => {
    assert.equal(await run(server, "result = run_sync(env.ADMIN.who())"), "b itself");
    assert.match(await failing(server, "run_sync(env.ADMIN.add(1, 2))"), /does not implement the method "add"/);
    assert.match(
      await failing(server, "run_sync(env.B.missing())"),
      /TypeError: .*does not implement the method "missing"/,
    );
    assert.equal(await run(server, `result = hasattr(env.B, "_hidden")`), false);
  });

  it("get the type and the message of an error, and its traceback stays", async () => {
    const error = await failing(server, `run_sync(env.B.fail("what is wrong"))`);
    assert.equal(error, "AppError: what is wrong");
    await server.logged(/the call of fail failed: Traceback[\s\S]*AppError: what is wrong/);
    assert.equal(await failing(server, "run_sync(env.B.wrong())"), "ValueError: line one\nline two");
    assert.deepEqual(
      await run(
        server,
        `
from pyodide.ffi import JsException
try:
    run_sync(env.B.fail("x"))
except JsException as error:
    result = [error.name, error.message]`,
      ),
      ["AppError", "x"],
    );
  });

  it("cannot send functions, or what contains itself", async () => {
    assert.match(await failing(server, "run_sync(env.B.echo(js.parseInt))"), /TypeError: a function cannot be sent/);
    assert.match(await failing(server, "run_sync(env.B.function())"), /cannot be sent/);
    assert.match(await failing(server, "run_sync(env.B.echo(object()))"), /an object of object cannot be sent/);
    const circle = "o = js.Object.new(); o.o = o; run_sync(env.B.echo(o))";
    assert.match(await failing(server, circle), /a value that contains itself cannot be sent/);
  });

  it("answer requests for their routes, and the first all others", async () => {
    const get = (host: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const request = http.request(server.url, { headers: { host }, method: "PUT" }, async (response) => {
          let text = "";
          for await (const chunk of response.setEncoding("utf8")) text += chunk;
          resolve(text);
        });
        request.on("error", reject).end("result = 1");
      });
    assert.equal(await get("b.example"), "PUT http://b.example/ result = 1");
    assert.equal(await get("else.example"), '{"result":1}');
  });

  it("wait for one another, each on a stack of its own", async () => {
    const script = `
async def use():
    return await asyncio.gather(*[env.B.add(n, n) for n in range(50)])
result = sum(run_sync(use()))`;
    assert.equal(await run(server, script), 2450);
    assert.equal(
      await run(
        server,
        `result = run_sync(run_sync(env.SELF.fetch("http://a/", method="POST", body="result = 5")).text())`,
      ),
      '{"result":5}',
    );
  });

  it("call one another in a chain of 32 calls at most", async () => {
    assert.equal(await run(server, "result = run_sync(env.B.again(31))"), 31);
    const error = await failing(server, "run_sync(env.B.again(32))");
    assert.match(error, /Error: the call of again of the Worker b stands at the end of 32 calls, .*in a circle\?$/);
    // Each chain for itself.
    const script = `
async def use():
    return await asyncio.gather(*[env.B.again(31) for _ in range(4)])
result = sum(run_sync(use()))`;
    assert.equal(await run(server, script), 124);
    const wide = `result = sum(run_sync(env.B.again(1)) for _ in range(40))`;
    assert.equal(await run(server, wide), 40);
  });

  it("are told when another is lost or could not be loaded", async () => {
    assert.match(await failing(server, "run_sync(env.B.leave())"), /the Worker was lost/);
    assert.equal(await run(server, "result = run_sync(env.B.add(1, 2))"), 3);
    assert.match(await failing(server, "run_sync(env.BROKEN.any())"), /the Worker broken could not be loaded/);
  });
});

describe("a server of several Workers", () => {
  it("needs all that are called, and a name for each", async () => {
    const a = named("a", scriptWorker, bindings);
    const same = named("a", scriptWorker, "");
    const missing = await serveUntilExit(a.path, "--port", "0");
    assert.equal(missing.code, 1);
    assert.match(
      missing.stderr,
      /^blockon: .*wrangler\.toml:8: there is no Worker b in this server\. .* It serves a\./,
    );
    const twice = await serveUntilExit(a.path, same.path, "--port", "0");
    assert.match(twice.stderr, /has the same name, a\. Give one of them another/);
    a.remove();
    same.remove();
  });
});
