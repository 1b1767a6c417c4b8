// Every object that the globals of a Worker on an older Python lead to, and what the host answers with, is of its realm.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { DatedWorker, pythons313 } from "./lib/dated_worker.ts";

const crawl = readFileSync(path.join(import.meta.dirname, "../../pytests/realm_crawl.py"), "utf8");

const entry = `import json
import traceback

import js
from js import Response
from pyodide.ffi import JsException, JsProxy, to_js
from realm_crawl import Crawl


async def failure_of(promise):
    try:
        await promise
    except JsException as error:
        return error
    raise AssertionError("it did not fail")


async def made(request, env):
    response = js.Response.new("text", status=201)
    stream = js.Response.new("bytes").body
    channel = js.MessageChannel.new()
    yield request
    yield env
    for each in (response, stream, stream.getReader(), js.TransformStream.new(), js.WritableStream.new().getWriter()):
        yield each
    for each in (js.URL.new("http://h/?a=b").searchParams, js.Headers.new().entries(), channel.port1, js.Blob.new()):
        yield each
    yield js.AbortSignal.abort().reason
    yield await failure_of(js.fetch("http://127.0.0.1:2/"))
    yield await failure_of(js.fetch("ftp://h/"))
    yield await failure_of(js.crypto.subtle.digest("MD4", to_js(b"")))


def refused():
    """How many classes there are whose function of functions makes no code."""
    count = 0
    for name in js.Reflect.ownKeys(js.globalThis):
        value = js.Reflect.get(js.globalThis, name)
        if not isinstance(value, JsProxy) or not isinstance(getattr(value, "constructor", None), JsProxy):
            continue
        try:
            js.Reflect.construct(value.constructor.constructor, to_js(["return 1"]))
        except JsException as error:
            assert "Code generation from strings disallowed" in str(error), (str(name), str(error))
            count += 1
        else:
            raise AssertionError(f"{name} makes code")
    return count


async def on_fetch(request, env):
    try:
        crawl = Crawl()
        crawl.add(js.globalThis, "globalThis")
        index = 0
        async for value in made(request, env):
            crawl.add(value, f"made[{index}]")
            index += 1
        crawl.run()
        # None is undefined for older Pyodides: what groupBy makes has no prototype.
        foreign_prototype = js.Object.groupBy(js.Array.new(), js.Boolean)
        foreign_prototype.toString = js.Object.prototype.toString
        control = Crawl()
        control.add(js.Object.create(foreign_prototype), "holder")
        control.run()
        found = {"foreign": crawl.foreign, "seen": crawl.seen.size, "unseen": crawl.unseen}
        return Response.new(json.dumps({**found, "control": control.foreign, "refused": refused()}))
    except BaseException:
        return Response.new(traceback.format_exc(), status=500)
`;

const pythons = [{ pyodide: "0.26.4", date: "2025-02-01" }, ...pythons313];
for (const { pyodide, ...dated } of pythons) {
  describe(`the realm of Pyodide ${pyodide}`, () => {
    let worker: DatedWorker;
    before(() => {
      worker = new DatedWorker(entry, dated, { "src/realm_crawl.py": crawl });
    });
    after(() => worker.stop());

    it("leads to no object of another, and makes no code", async () => {
      const { status, text } = await worker.get("");
      assert.equal(status, 200, text);
      const { foreign, seen, unseen, control, refused } = JSON.parse(text);
      assert.deepEqual([foreign, control], [[], ["holder"]]);
      assert.ok(seen > 1500, `${seen}`);
      assert.ok(unseen.length < 10, unseen.join(" "));
      assert.ok(refused > 100, `${refused}`);
    });
  });
}
