// blockon test, as a user calls it: pytest on a Worker's tests, with its fixtures, options and exit codes.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { pytestArguments, testFolder } from "../../runtime/cli/test_arguments.ts";
import { commandEnd } from "./lib/command_end.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
from urllib.parse import urlsplit
from workers import Response, WorkerEntrypoint

seen = []

async def later(text):
    if text == "bad":
        raise OSError("later")
    seen.append(text)

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        path = urlsplit(request.url).path
        if path == "/fail":
            raise LookupError("no such thing")
        if path == "/cookie":
            return Response(request.headers.get("cookie") or "", headers={"set-cookie": "a=b; Path=/"})
        if path == "/count":
            count = int(await self.env.CACHE.get("count") or 0) + 1
            await self.env.CACHE.put("count", str(count))
            return Response.json({"count": count, "name": self.env.NAME, "secret": self.env.SECRET})
        if path == "/echo":
            headers = {"x-type": request.headers.get("content-type") or "", "x-length": request.headers.get("content-length")}
            return Response(await request.bytes(), status=201, headers=headers)
        if path.startswith("/later"):
            self.ctx.waitUntil(later(path[7:]))
        return Response(f"{request.method} {request.url} {request.headers.get('x-a')}")
`;

const passing = `
import asyncio

import entry
import pytest

def test_get(client):
    answer = client.get("/a?c=3", params={"b": [1, 2]}, headers={"X-A": "yes"})
    assert answer.status_code == 200
    assert answer.text == "GET http://localhost/a?c=3&b=1&b=2 yes"
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "x-nothing" not in answer.headers

def test_what_the_handler_raises(client):
    with pytest.raises(LookupError, match="no such thing"):
        client.get("/fail")

def test_cookies(client):
    assert [client.get("/cookie").text for _ in range(2)] == ["", "a=b"]
    assert client.get("/cookie", cookies={"c": "d"}).text == "a=b; c=d"

def test_bodies(client):
    sent = client.post("/echo", json={"a": 1})
    assert (sent.json(), sent.headers["x-type"], sent.headers["x-length"]) == ({"a": 1}, "application/json", "8")
    assert client.put("/echo", data={"a": "ä"}).text == "a=%C3%A4"
    assert client.post("/echo", content=bytes(range(256))).content == bytes(range(256))
    with pytest.raises(TypeError):
        client.post("/echo", json=1, data="2")

@pytest.mark.parametrize("again", [1, 2])
def test_kv_is_empty(client, again):
    expected = {"name": "x", "secret": "s3cret-value"}
    assert client.get("/count").json() == {"count": 1, **expected}
    assert client.get("/count").json() == {"count": 2, **expected}

async def test_async_with_other_bindings(client, env):
    env.NAME = "other"
    await env.CACHE.put("count", "41")
    await asyncio.sleep(0)
    assert client.get("/count").json()["count"] == 42
    assert client.get("/count").json()["name"] == "other"

def test_bindings_are_as_before(env):
    assert env.NAME == "x"

def test_what_goes_on_after_the_answer(client):
    client.get("/later/x")
    assert entry.seen == ["x"]
    with pytest.raises(OSError, match="later"):
        client.get("/later/bad")

@pytest.fixture
async def made():
    await asyncio.sleep(0)
    yield 3
    await asyncio.sleep(0)
    entry.seen.append("unmade")

async def test_async_fixture(made):
    assert made == 3

def test_async_fixture_has_ended():
    assert entry.seen[-1] == "unmade"
`;

const failing = `
def test_wrong():
    print("what was printed")
    assert 1 + 1 == 3

def test_not_reached():
    assert False

async def test_async_wrong():
    raise ValueError("in a task")
`;

describe("blockon test", () => {
  let worker: WorkerFolder;

  before(() => {
    worker = workerFolder(entry, [], '[vars]\nNAME = "x"\n[[kv_namespaces]]\nbinding = "CACHE"\nid = "cache"\n');
    worker.write(".dev.vars", "SECRET=s3cret-value\n");
    worker.write("tests/test_passing.py", passing);
    worker.write("tests/test_failing.py", failing);
    worker.write("python_modules/some/test_of_others.py", "def test_not_ours(): assert False\n");
  });

  after(() => worker.remove());

  it("has fixtures for requests and bindings, and runs async tests", async () => {
    const { code, out, err } = await commandEnd(["test", worker.path, "tests/test_passing.py", "-q"]);
    assert.equal(code, 0, `${out}${err}`);
    assert.match(out, /11 passed in /);
  });

  it("finds tests as pytest does, and has its options and exit codes", async () => {
    const junit = path.join(worker.path, "reports", "junit.xml");
    const { code, out } = await commandEnd(["test", worker.path, "-x", "-k", "failing", "--junitxml", junit]);
    assert.equal(code, 1, out);
    assert.match(out, /assert \(?1 \+ 1\)? == 3/);
    assert.match(out, /what was printed/);
    assert.match(out, /1 failed, 11 deselected/);
    const report = readFileSync(junit, "utf8");
    assert.match(report, /tests="1"/);
    assert.match(report, /name="test_wrong"/);

    const tests = path.join(worker.path, "tests");
    const one = await commandEnd(["test", "test_failing.py::test_async_wrong", "-q"], tests);
    assert.equal(one.code, 2, "there is no Worker in the present folder");
    const inside = await commandEnd(["test", "--", "-q", "tests/test_failing.py::test_async_wrong"], worker.path);
    assert.equal(inside.code, 1, `${inside.out}${inside.err}`);
    assert.match(inside.out, /ValueError: in a task/);
  });

  it("says when no test ran, and keeps nothing", async () => {
    const { code, err } = await commandEnd(["test", worker.path, "-k", "nothing_of_that_name", "-q"]);
    assert.equal(code, 5);
    assert.match(err, /blockon: no test ran in .*Write one into tests\/test_entry\.py/);
    assert.ok(!existsSync(path.join(worker.path, ".blockon")));
  });

  it("shows where a Worker's module fails, in each test that asks for it", async () => {
    const broken = workerFolder("from workers import Response\nsome = 1 / 0\n");
    broken.write("test_broken.py", "def test_one(client): pass\ndef test_two(client): pass\ndef test_three(): pass\n");
    try {
      const { code, out } = await commandEnd(["test", broken.path, "-q"]);
      assert.equal(code, 1);
      assert.match(out, /src\/entry\.py:2: ZeroDivisionError/);
      assert.match(out, /1 passed, 2 errors/);
    } finally {
      broken.remove();
    }
  });

  it("says that the interpreter was lost, and that run_sync is off", async () => {
    const lost = workerFolder("def on_fetch(request): pass\n");
    lost.write("test_exit.py", "import os\ndef test_exit(): os._exit(0)\n");
    const closed = workerFolder("def on_fetch(request): pass\n", ["no_python_run_sync"]);
    try {
      const { code, err } = await commandEnd(["test", lost.path]);
      assert.equal(code, 1);
      assert.match(err, /the tests took the interpreter with them: /);
      const refused = await commandEnd(["test", closed.path]);
      assert.equal(refused.code, 1);
      assert.match(refused.err, /has run_sync turned off/);
    } finally {
      lost.remove();
      closed.remove();
    }
  });

  it("takes the first word for the Worker's folder where it is one", () => {
    const isFolder = (name: string): boolean => name === worker.path;
    assert.deepEqual(testFolder([worker.path, "-x"], isFolder), { folder: worker.path, rest: ["-x"] });
    assert.deepEqual(testFolder(["-x"], isFolder), { folder: ".", rest: ["-x"] });
    assert.throws(() => testFolder(["nowhere"], isFolder), /nowhere: there is no such folder/);
  });

  it("refuses what the interpreter has not", () => {
    assert.throws(() => pytestArguments(["--lf"], worker.path), /blockon test has no --lf: there is no cache/);
    assert.throws(() => pytestArguments(["--junitxml"], worker.path), /give the file/);
  });
});
