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

[[services]]
binding = "ONCE"
service = "once"
entrypoint = "Own"
`;

/** Of a Worker of which each request has an interpreter of its own. */
const once = `${scriptWorker}
from workers import WorkerEntrypoint

class Own(WorkerEntrypoint):
    def function(self):
        return lambda: 1

    async def use(self, function):
        return await function(3)
`;

const target = `
import asyncio, datetime, os, threading, time
from concurrent.futures import Future
import js
from blockon import RpcTarget
from pyodide.ffi import create_proxy, run_sync, to_js
from workers import Request, Response, WorkerEntrypoint

class AppError(Exception):
    pass

kept = []
pulled = []

class Account(RpcTarget):
    def __init__(self, name):
        self.label = name
        self.total = 0

    def add(self, amount):
        if amount < 0:
            raise AppError("only upwards")
        self.total += amount
        return f"{self.label}: {self.total}"

    async def each(self, function, values):
        return [await function(value) for value in values]

    def other(self, name):
        return Account(name)

    def _hidden(self):
        return "hidden"

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        text = await request.text()
        path = request.url.partition("//b")[2]
        if path == "/redirect-mode":
            return Response(request.redirect)
        if path.startswith("/to/"):
            status, _, target = path.removeprefix("/to/").partition("/")
            return Response(None if status == "304" else "moved", status=int(status), headers={"location": target})
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

    def counter(self, start):
        count = start
        async def add(amount=1):
            nonlocal count
            await asyncio.sleep(0)
            if amount < 0:
                raise AppError("only upwards")
            count += amount
            return count
        return {"add": add, "start": start}

    async def call_each(self, functions, value):
        return [await function(value) for function in functions]

    def keep(self, function):
        kept.append(function)

    def keep_copy(self, function):
        kept.append(function.dup())

    def let_go_of_kept(self):
        js.Reflect.get(kept[-1], js.Symbol.dispose)()

    async def use_kept(self):
        return await kept.pop()(1)

    def account(self, name):
        return Account(name)

    def accounts(self, names):
        return {name: Account(name) for name in names}

    async def use(self, target):
        return [await target.add(1), await target.add(2)]

    async def use_each(self, targets):
        return [await target.add(1) for target in targets]

    async def upper(self, stream):
        """Another stream, of what is read of this one."""
        text = ""
        async for chunk in stream:
            text += chunk.to_bytes().decode().upper()
        return js.Response.new(text).body

    def endless(self):
        def pull(controller):
            pulled.append(1)
            controller.enqueue(js.Uint8Array.new(3))
        def cancel(reason):
            pulled.append(str(reason))
        methods = {"pull": create_proxy(pull), "cancel": create_proxy(cancel)}
        return js.ReadableStream.new(to_js(methods, dict_converter=js.Object.fromEntries))

    def pulls(self):
        return pulled

    def blocking(self, function):
        return run_sync(function(7))

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
      named(
        "passes",
        "async def on_fetch(request, env):\n    return await env.B.fetch(request)\n",
        'routes = ["passes.example/*"]\nservices = [{ binding = "B", service = "b" }]\n',
      ),
      named(
        "once",
        once,
        'routes = ["127.0.0.1/once"]\nservices = [{ binding = "B", service = "b" }]\n[blockon]\nisolation = "request"\nready_instances = 1\n',
      ),
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

  it("follow redirects as a request says", async () => {
    const script = (options: string): string => `
response = run_sync(env.B.fetch("http://b/to/${options})))
result = [response.status, run_sync(response.text()), response.redirected, response.url]`;
    const ask = (path: string, options: string): Promise<unknown> =>
      run(server, script(`${path}", to_js({${options}}, dict_converter=js.Object.fromEntries`));
    assert.deepEqual(await ask("302//there", ""), [201, "GET http://b/there ", true, "http://b/there"]);
    assert.deepEqual(await ask("301//there", '"method": "POST", "body": "sent"'), [
      201,
      "GET http://b/there ",
      true,
      "http://b/there",
    ]);
    assert.deepEqual(await ask("303//there", '"method": "PUT", "body": "sent"'), [
      201,
      "GET http://b/there ",
      true,
      "http://b/there",
    ]);
    assert.deepEqual(await ask("307//there", '"method": "POST", "body": "sent"'), [
      201,
      "POST http://b/there sent",
      true,
      "http://b/there",
    ]);
    assert.deepEqual(await ask("302//there", '"redirect": "manual"'), [302, "moved", false, "http://b/to/302//there"]);
    assert.deepEqual(await ask("304//there", ""), [304, "", false, "http://b/to/304//there"]);
    const stream = `"method": "POST", "body": js.Response.new("sent").body`;
    assert.match(
      await failing(server, script(`308//there", to_js({${stream}}, dict_converter=js.Object.fromEntries`)),
      /fetch failed/,
    );
    assert.match(
      await failing(server, script(`302//there", to_js({"redirect": "error"}, dict_converter=js.Object.fromEntries`)),
      /fetch failed/,
    );
    // For ever to the same.
    assert.match(
      await failing(server, script(`302/", to_js({}, dict_converter=js.Object.fromEntries`)),
      /fetch failed/,
    );
  });

  it("send blobs, files and forms", async () => {
    const script = `from workers import Blob, FormData
form = FormData({"a": "1"})
form["file"] = Blob("text", content_type="a/b")
form.append("other", Blob("more"), filename="other.txt")
blob = await env.B.echo(Blob("text", content_type="a/b"))
got = (await env.B.echo({"form": form}))["form"]
return [type(blob).__name__, await blob.text(), blob.content_type, got["a"], await got["file"].text(), got["file"].content_type, got["other"].name]`;
    assert.deepEqual(await run(server, sdk(script)), ["Blob", "text", "a/b", "1", "text", "a/b", "other.txt"]);
  });

  it("pass functions, which call back", async () => {
    const script = `seen = []
def take(value):
    seen.append(value)
    return {"seen": len(seen)}
async def later(value):
    await asyncio.sleep(0)
    return value * 2
answers = await env.B.call_each([take, later, take], 4)
return [answers, seen, await env.B.blocking(later)]`;
    assert.deepEqual(await run(server, sdk(script)), [[{ seen: 1 }, 8, { seen: 2 }], [4, 4], 14]);
    const failing = sdk(`def fails(value):
    raise KeyError(value)
try:
    await env.B.call_each([fails], "k")
except Exception as error:
    return str(error)`);
    assert.equal(await run(server, failing), "JsException: KeyError: 'k'");
  });

  it("return functions, which go on with what they have", async () => {
    const script = `one, other = (await env.B.counter(1))["add"], (await env.B.counter(10))["add"]
answers = [await one(), await one(5), await other(2), await one()]
try:
    await one(-1)
except Exception as error:
    answers.append(str(error))
return answers`;
    assert.deepEqual(await run(server, sdk(script)), [2, 7, 12, 8, "AppError: only upwards"]);
    // Back to where it came from, and on to another.
    const back = `add = (await env.B.counter(0))["add"]
return [await env.B.call_each([add, add], 3), (await env.SELF.fetch("http://a/", method="POST", body="result = 1")).status]`;
    assert.deepEqual(await run(server, sdk(back)), [[3, 6], 200]);
  });

  it("pass and return streams, which are read as they come", async () => {
    const script = `stream = await env.B.upper(js.Response.new("text").body)
return await js.Response.new(stream).text()`;
    assert.equal(await run(server, sdk(script)), "TEXT");
    const half = `stream = await env.B.endless()
reader = stream.getReader()
sizes = [(await reader.read()).value.length for _ in range(3)]
await reader.cancel("enough")
return [sizes, await env.B.pulls()]`;
    const [sizes, pulls] = (await run(server, sdk(half))) as [number[], unknown[]];
    assert.deepEqual(sizes, [3, 3, 3]);
    assert.equal(pulls.at(-1), "enough");
    // The source may be one ahead, as its own queue has it.
    assert.ok(pulls.length >= 4 && pulls.length <= 6, String(pulls));
  });

  it("get requests whose redirects are the sender's, with the bodies that these have", async () => {
    const mode = `result = run_sync(run_sync(env.B.fetch("http://b/redirect-mode")).text())`;
    assert.equal(await run(server, mode), "manual");
  });

  it("pass and return objects whose methods are called where they are", async () => {
    const script = `from blockon import RpcTarget
seen = []
class Own(RpcTarget):
    async def add(self, amount):
        await asyncio.sleep(0)
        seen.append(amount)
        return len(seen)
account = await env.B.account("one")
other = await account.other("two")
answers = [await account.add(5), await account.add(2), await other.add(1)]
answers.append(await account.each(lambda value: value * 2, [1, 2]))
answers.append(await (await env.B.accounts(["three"]))["three"].add(3))
answers.append(await env.B.use(Own()))
answers.append(await env.B.use_each([Own(), Own()]))
answers.append(await env.B.use(account))
return answers`;
    const own = [
      [1, 2],
      [3, 4],
    ];
    assert.deepEqual(await run(server, sdk(script)), [
      ...["one: 5", "one: 7", "two: 1", [2, 4], "three: 3"],
      ...own,
      ["one: 8", "one: 10"],
    ]);
    // In JavaScript's values.
    const raw = `from blockon import RpcTarget
seen = []
class Own(RpcTarget):
    def add(self, amount):
        seen.append(amount)
        return len(seen)
account = run_sync(env.B.account("one"))
result = [run_sync(account.add(5)), run_sync(env.B.use(Own())), run_sync(env.B.use_each([Own(), Own()])), seen]`;
    assert.deepEqual(await run(server, raw), ["one: 5", ...own, [1, 2, 1, 1]]);
  });

  it("reach the public methods of such an object, and no more", async () => {
    const script = (what: string) =>
      sdk(`account = await env.B.account("one")
try:
    return str(${what})
except Exception as error:
    return f"{type(error).__name__} {error}"`);
    for (const [what, told] of [
      ["await account.add(-1)", /^JsException AppError: only upwards$/],
      ["await account.missing()", /^JsException TypeError: .*does not implement the method "missing"/],
      ["await account.total()", /^JsException TypeError: .*does not implement the method "total"/],
      ["await account._hidden()", /^AttributeError/],
      ["await account()", /^JsException TypeError: an object of Account is not called by itself: call a method of it$/],
      ["await (await env.B.counter(1))['add'].add()", /^JsException TypeError: .*does not implement the method "add"/],
      // What a realm may ask for that has taken itself apart.
      ["await js.Reflect.get(account._binding, '__class__')", /^TypeError/],
    ] as const) {
      assert.match(String(await run(server, script(what))), told, what);
    }
  });

  it("duplicate functions, which stay until they are disposed of", async () => {
    await run(server, sdk("await env.B.keep_copy(lambda value: value + 1)"));
    assert.equal(await run(server, "result = run_sync(env.B.use_kept())"), 2);
    await run(server, "from blockon import RpcTarget\nrun_sync(env.B.keep_copy(lambda value: value + 2))");
    await run(server, "result = run_sync(env.B.let_go_of_kept())");
    assert.match(await failing(server, "run_sync(env.B.use_kept())"), /Error: the function is gone: /);
    const script = `add = (await env.B.counter(1))["add"]
copy = add.dup()
answers = [await copy(), await add()]
js.Reflect.get(add, js.Symbol.dispose)()
try:
    await add()
except Exception as error:
    answers.append(str(error).split(":")[1])
return [*answers, await copy(), await copy.dup()(5)]`;
    assert.deepEqual(await run(server, sdk(script)), [2, 3, " the function is gone", 4, 9]);
  });

  it("call back the interpreter of a request that waits, where each has its own", async () => {
    const script = `seen = []
def take(value):
    seen.append(value)
    return len(seen)
answers = await env.B.call_each([take, take], "v")
stream = await env.B.upper(js.Response.new("text").body)
return [answers, seen, await js.Response.new(stream).text()]`;
    const all = Array.from({ length: 3 }, () => run(server, sdk(script), "/once"));
    assert.deepEqual(await Promise.all(all), Array(3).fill([[1, 2], ["v", "v"], "TEXT"]));
    assert.equal(await run(server, "result = run_sync(env.ONCE.use(lambda value: value * 2))"), 6);
    assert.match(
      await failing(server, "run_sync(run_sync(env.ONCE.function())())"),
      /Error: a function or a stream of a Worker with isolation = "request" is gone when/,
    );
    await run(server, sdk("await env.B.keep_copy(lambda value: value)"), "/once");
    assert.match(await failing(server, "run_sync(env.B.use_kept())"), /Error: a function or a stream of a Worker with/);
  });

  it("let go of a function that was passed when the call has ended", async () => {
    await run(server, sdk("await env.B.keep(lambda value: value)"));
    assert.match(
      await failing(server, "run_sync(env.B.use_kept())"),
      /Error: the function is gone: one that was passed/,
    );
  });

  it("cannot send instances, or what contains itself", async () => {
    assert.match(await failing(server, "run_sync(env.B.echo(object()))"), /an object of object cannot be sent/);
    const circle = "o = js.Object.new(); o.o = o; run_sync(env.B.echo(o))";
    assert.match(await failing(server, circle), /a value that contains itself cannot be sent/);
  });

  it("answer requests for their routes, and the first all others", async () => {
    const get = (host: string, method = "PUT"): Promise<string> =>
      new Promise((resolve, reject) => {
        const headers = { host, "content-length": "10" };
        const request = http.request(server.url, { headers, method }, async (response) => {
          let text = "";
          for await (const chunk of response.setEncoding("utf8")) text += chunk;
          resolve(text);
        });
        request.on("error", reject).end("result = 1");
      });
    assert.equal(await get("b.example"), "PUT http://b.example/ result = 1");
    assert.equal(await get("else.example"), '{"result":1}');
    // A client may send a GET with a body, and a Worker pass it on.
    assert.equal(await get("passes.example", "GET"), "GET http://passes.example/ result = 1");
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
