// examples/queue, as it is: letters that are delivered, and one that is not.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { packageRoot } from "../../runtime/layout.ts";
import { ServeProcess } from "./lib/serve_process.ts";

describe("examples/queue", () => {
  it("delivers what it can, and puts aside what it cannot", async () => {
    const state = mkdtempSync(path.join(os.tmpdir(), "blockon-state-"));
    const example = path.join(packageRoot, "examples", "queue");
    const server = await ServeProcess.start(example, undefined, undefined, "--state", state);
    assert.equal(await (await server.get()).text(), "nothing was delivered yet\n");
    const send = (letter: object) => server.get("/", { method: "POST", body: JSON.stringify(letter) });
    assert.equal((await send({ text: "to nobody" })).status, 400);
    assert.equal((await send({ to: "ada@example.com", text: "hello" })).status, 202);
    assert.equal((await send({ to: "grace", text: "hello" })).status, 202);
    let text = "";
    while (!(text.includes("delivered to ada@example.com, attempt 1\n") && text.includes("nobody is called grace\n"))) {
      text = await (await server.get()).text();
    }
    await server.logged(/messages of the queue letters were tried 2 times, and go to undelivered/);
    assert.equal(await server.stop(), 0);
    rmSync(state, { recursive: true });
  });
});
