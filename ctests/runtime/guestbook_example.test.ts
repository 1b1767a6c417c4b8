// examples/guestbook, as it is, in the runtime and on CPython: forms, KV, streams and a trigger by the Pythonic API.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { packageRoot } from "../../runtime/layout.ts";
import { CPythonProcess } from "./lib/cpython_process.ts";
import { ServeProcess } from "./lib/serve_process.ts";

const example = path.join(packageRoot, "examples", "guestbook");

/** Signs twice and reads; returns what there is then. */
async function visit(url: string): Promise<string[]> {
  const sign = (fields: Record<string, string>) =>
    fetch(url, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
  const signed = await sign({ name: "Ada", text: 'one "two", <three>' });
  assert.equal(signed.status, 303);
  assert.equal(signed.headers.get("location"), "/");
  assert.match(signed.headers.get("set-cookie") ?? "", /^name=Ada; HttpOnly; Max-Age=2592000; Path=\/; SameSite=lax$/);
  assert.equal((await sign({ name: "Grün", text: "" })).status, 303);
  assert.equal((await sign({ text: "nobody" })).status, 400);
  assert.equal((await fetch(`${url}/none`)).status, 404);
  const page = await (await fetch(url)).text();
  assert.match(page, /<li><b>Ada<\/b>: one &quot;two&quot;, &lt;three&gt;<li><b>Grün<\/b>: <\/ul>/);
  const entries = (await (await fetch(`${url}/entries.json`)).json()) as { name: string }[];
  assert.deepEqual(
    entries.map(({ name }) => name),
    ["Ada", "Grün"],
  );
  return [await (await fetch(`${url}/entries.csv`)).text(), await (await fetch(`${url}/count`)).text()];
}

const expected = ['name,text\n"Ada","one ""two"", <three>"\n"Grün",""\n', '{"entries":0}'];

describe("examples/guestbook", () => {
  it("is signed and read, and counted by its trigger", async () => {
    const state = mkdtempSync(path.join(os.tmpdir(), "blockon-state-"));
    const server = await ServeProcess.start(example, undefined, undefined, "--state", state, "--test-scheduled");
    assert.deepEqual(await visit(server.url), expected);
    await server.logged(/Ada was here/);
    await server.get("/__scheduled?cron=0+0+*+*+*");
    await server.logged(/0 0 \* \* \*: 2 entries/);
    assert.deepEqual(await (await server.get("/count")).json(), { entries: 2 });
    assert.equal(await server.stop(), 0);
    rmSync(state, { recursive: true });
  });

  it("does the same on CPython", async () => {
    const server = await CPythonProcess.start([example]);
    assert.deepEqual(await visit(server.url), expected);
    await server.stop();
  });
});
