// ctx.exports and ctx.props as Cloudflare's API has them: a Worker's own entrypoints, and what an entrypoint is told of who calls it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const entry = `
import js
from pyodide.ffi import JsException, to_js
from workers import Response, WorkerEntrypoint, import_from_javascript

def plain(value):
    return js.JSON.stringify(value)

class Greeter(WorkerEntrypoint):
    async def greet(self, name):
        return f"hello, {name}: {plain(self.ctx.props)}"

    async def fetch(self, request):
        return Response(f"{request.method} {await request.text()} {plain(self.ctx.props)}", status=202)

    async def again(self, number):
        return await self.ctx.exports.Greeter.again(number + 1)

    async def fail(self):
        raise LookupError("as asked")

    async def spin(self):
        while True:
            pass

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.url.endswith("/off"):
            return Response(str(getattr(self.ctx, "exports", None)))
        exports = self.ctx.exports
        if request.url.endswith("/inner"):
            return Response("the inner one")
        if request.url.endswith("/spin"):
            try:
                await exports.Greeter.spin()
            except JsException as error:
                return Response(f"{error.name}: {error.message}")
        answer = await exports.Greeter.fetch("http://any/", method="POST", body="text")
        inner = await exports.default.fetch("http://any/inner")
        with_props = exports.Greeter(props={"id": 7, "deep": [None, "a"]})
        errors = []
        for call in (exports.Greeter.fail, exports.Greeter.missing, lambda: exports.Greeter.again(0)):
            try:
                await call()
            except JsException as error:
                errors.append(f"{error.name}: {error.message}")
        module = import_from_javascript("cloudflare:workers")
        return Response(plain(to_js([
            list(js.Object.keys(exports)), exports.Greeter.constructor.name,
            await exports.Greeter.greet("Ada"), await with_props.greet("Ada"),
            answer.status, await answer.text(), await inner.text(), errors, plain(self.ctx.props),
            await module.exports.Greeter.greet("Grace"), hasattr(exports, "Missing"),
        ])))
`;

describe("ctx.exports", () => {
  it("has the Worker's own entrypoints, with props where they are given", async () => {
    const folder = workerFolder(entry);
    const server = await ServeProcess.start(folder.path);
    try {
      const [errors, ...found] = ((values) => [values.splice(7, 1)[0], ...values])(
        JSON.parse(await (await server.get()).text()) as unknown[],
      );
      assert.deepEqual(found, [
        ["default", "Greeter"],
        "Fetcher",
        "hello, Ada: {}",
        'hello, Ada: {"id":7,"deep":[null,"a"]}',
        202,
        "POST text {}",
        "the inner one",
        "{}",
        "hello, Grace: {}",
        false,
      ]);
      const [failed, missing, circle] = errors as string[];
      assert.equal(failed, "LookupError: as asked");
      assert.match(missing as string, /does not implement the method "missing"/);
      assert.match(circle as string, /at the end of 32 calls, .* Does the Worker call itself in a circle\?/);
      await server.logged(/the call of fail failed: [\s\S]*LookupError: as asked/);
    } finally {
      await server.stop();
      folder.remove();
    }
  });

  it("has calls that are part of the request that made them, and end with its limit", async () => {
    const folder = workerFolder(entry, [], "[limits]\ncpu_ms = 300\n");
    const server = await ServeProcess.start(folder.path);
    try {
      // The server answers by itself unless the handler is faster, which sees the call fail.
      assert.match(
        await (await server.get("/spin")).text(),
        /^(LimitExceeded: the request is over its limit of|Service Unavailable: the limit of 300 ms of) processor time/,
      );
      await server.logged(/GET \/spin is over the limit of 300 ms of processor time \(cpu_ms\): it is ended/);
      await server.logged(/the call of spin failed: [\s\S]*LimitExceeded/);
      assert.equal(await (await server.get("/inner")).text(), "the inner one");
      assert.equal(
        server.log.some(({ msg }) => /was lost/.test(msg)),
        false,
      );
    } finally {
      await server.stop();
      folder.remove();
    }
  });

  it("is not there before its date", async () => {
    const folder = workerFolder(entry, ["disable_ctx_exports"]);
    const server = await ServeProcess.start(folder.path);
    try {
      assert.match(await (await server.get("/off")).text(), /^(None|undefined|jsnull)$/);
    } finally {
      await server.stop();
      folder.remove();
    }
  });
});

describe("ctx.props", () => {
  it("are those of the service's binding", async () => {
    const caller = workerFolder(
      `from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(await self.env.GREETER.greet("Ada"))
`,
      [],
      '[[services]]\nbinding = "GREETER"\nservice = "greeter"\nentrypoint = "Greeter"\n[services.props]\nclient = "caller"\nrights = ["read", 1]\n',
    );
    const greeter = workerFolder(entry);
    greeter.write(
      "wrangler.toml",
      'name = "greeter"\nmain = "src/entry.py"\ncompatibility_date = "2026-10-01"\ncompatibility_flags = ["python_workers"]\n',
    );
    const server = await ServeProcess.start(caller.path, undefined, undefined, greeter.path);
    try {
      assert.equal(await (await server.get()).text(), 'hello, Ada: {"client":"caller","rights":["read",1]}');
    } finally {
      await server.stop();
      caller.remove();
      greeter.remove();
    }
  });
});
