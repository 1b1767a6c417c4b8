// examples/sandbox, as it is: code that a model wrote, and code that goes beyond what it may.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { packageRoot } from "../../runtime/layout.ts";
import { ServeProcess } from "./lib/serve_process.ts";

describe("examples/sandbox", () => {
  let server: ServeProcess;
  before(async () => {
    server = await ServeProcess.start(path.join(packageRoot, "examples", "sandbox"));
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
  });
  const run = async (code: string): Promise<{ value?: unknown; stdout?: string; error?: string }> =>
    JSON.parse(await (await server.get("/run", { method: "POST", body: code })).text());

  it("has the model write code until it runs", async () => {
    const mean = await server.get(`/?ask=${encodeURIComponent("What is the mean of the column b")}`);
    assert.deepEqual(await mean.json(), { answer: 30, attempts: 2 });
    assert.deepEqual(await (await server.get()).json(), { answer: 6, attempts: 2 });
  });

  it("gives back what code did, and keeps nothing of it", async () => {
    assert.deepEqual(await run('print("hello")\nkept = sum(n * n for n in range(10))\nkept'), {
      value: 285,
      stdout: "hello\n",
    });
    assert.match((await run("kept")).error ?? "", /NameError: name 'kept' is not defined/);
  });

  it("ends what takes too long, and connects to nothing", async () => {
    assert.deepEqual(await run("while True: pass"), { error: "it took longer than 5 seconds" });
    const fetching = 'import urllib.request\nurllib.request.urlopen("http://127.0.0.1/")';
    assert.match((await run(fetching)).error ?? "", /URLError|PermissionError|ConnectionRefusedError/);
    assert.match((await run("bytearray(120_000_000)")).error ?? "", /MemoryError/);
  });
});
