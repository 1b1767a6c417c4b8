// What the client of `blockon test` sends to handlers besides plain requests: triggers, and forms with files.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { commandEnd } from "./lib/command_end.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const scheduledOf = `
    seen.append((controller.cron, controller.scheduledTime))
    ctx.waitUntil(later())
    if controller.cron == "once":
        controller.noRetry()
    if controller.cron == "raise":
        raise ValueError("on purpose")
`;

const head = `
import asyncio
from js import Response
seen = []

async def later():
    await asyncio.sleep(0.01)
    seen.append("later")
`;

const forms = {
  "a function's": `${head}
async def on_scheduled(controller, env, ctx):${scheduledOf}
`,
  "a class's": `${head}
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller, env, ctx):${scheduledOf.replaceAll("\n    ", "\n        ")}
`,
};

const scheduledTests = `
from datetime import UTC, datetime
import pytest

def test_triggers(client):
    import entry
    result = client.scheduled("0 0 * * *", datetime(2026, 11, 29, tzinfo=UTC))
    assert entry.seen == [("0 0 * * *", 1795910400000), "later"]
    assert result.no_retry is False
    assert client.scheduled("once").no_retry is True
    before = datetime.now(UTC).timestamp() * 1000
    client.scheduled()
    cron, when = entry.seen[-2]
    assert cron == "* * * * *" and before - 1 <= when <= datetime.now(UTC).timestamp() * 1000 + 1
    with pytest.raises(ValueError, match="on purpose"):
        client.scheduled("raise")
    with pytest.raises(ValueError, match="needs a time zone"):
        client.scheduled("once", datetime(2026, 11, 29))
`;

const filesEntry = `
from js import Response

async def on_fetch(request):
    form = await request.formData()
    said = []
    for name, value in form.entries():
        said.append([name, value] if isinstance(value, str) else [name, value.name, value.type, await value.text()])
    return Response.new(repr(said))
`;

const filesTests = `
import io
import pytest

def test_files(client):
    named = io.BytesIO(b"of a file")
    named.name = "/tmp/named.html"
    answer = client.post("/", data={"a": "b", "c": ["d", "e"]}, files={
        "one": b"bytes",
        "two": ("two.txt", "text"),
        "three": ("three", io.StringIO("lines"), "text/x-lines"),
        "four": [named, ('a "b"\\n.png', b"")],
    })
    assert answer.text == repr([
        ["a", "b"], ["c", "d"], ["c", "e"],
        ["one", "upload", "application/octet-stream", "bytes"],
        ["two", "two.txt", "text/plain", "text"],
        ["three", "three", "text/x-lines", "lines"],
        ["four", "named.html", "text/html", "of a file"],
        ["four", 'a "b"\\n.png', "image/png", ""],
    ])

def test_no_other_content(client):
    for more in ({"json": 1}, {"content": b""}, {"data": "text"}):
        with pytest.raises(TypeError, match="files go with fields of data"):
            client.post("/", files={"a": b""}, **more)
`;

const sandboxTests = `
import pytest
from blockon import Sandbox, SandboxTimeoutError

def test_code(client):
    assert client.get("/").text == "42"
    assert Sandbox().run_blocking("import os; print('hi'); len(os.listdir('/session'))").stdout == "hi\\n"

def test_limits():
    with pytest.raises(ValueError, match="up to max_seconds"):
        Sandbox().run_blocking("1", timeout=11)
    with pytest.raises(SandboxTimeoutError):
        Sandbox().run_blocking("while True: pass", timeout=1)
`;

async function passes(entry: string, tests: string, toml = ""): Promise<void> {
  const folder = workerFolder(entry, toml === "" ? [] : ["blockon_api_2026_11_01"], toml);
  folder.write("tests/test_entry.py", tests);
  const { code, out, err } = await commandEnd(["test", folder.path]);
  assert.equal(code, 0, out + err);
  folder.remove();
}

describe("the client of blockon test", () => {
  for (const [whose, entry] of Object.entries(forms)) {
    it(`calls ${whose} handler for triggers`, () => passes(entry, scheduledTests));
  }

  it("is beside sandboxes", () => {
    const entry = `
from blockon import Response, Sandbox

def fetch(request, env):
    return Response(str(Sandbox().run_blocking("6 * 7").value))
`;
    return passes(entry, sandboxTests, "[blockon.sandbox]\nmax_seconds = 10\n");
  });

  it("sends forms with files", () => passes(filesEntry, filesTests));
});
