// examples/counter, as it is: KV and a scheduled trigger.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { packageRoot } from "../../runtime/layout.ts";
import { ServeProcess } from "./lib/serve_process.ts";

describe("examples/counter", () => {
  const example = path.join(packageRoot, "examples", "counter");
  let state: string;
  const serve = (): Promise<ServeProcess> =>
    ServeProcess.start(example, undefined, undefined, "--state", state, "--test-scheduled");
  const text = async (server: ServeProcess, target: string): Promise<string> => (await server.get(target)).text();
  before(() => {
    state = mkdtempSync(path.join(os.tmpdir(), "blockon-state-"));
  });
  after(() => rmSync(state, { recursive: true }));

  it("counts over restarts, until its trigger", async () => {
    const first = await serve();
    assert.equal(await text(first, "/a"), "/a was asked for 1 times\n");
    assert.equal(await text(first, "/a"), "/a was asked for 2 times\n");
    assert.equal(await text(first, "/b"), "/b was asked for 1 times\n");
    assert.equal(await first.stop(), 0);
    const second = await serve();
    assert.equal(await text(second, "/a"), "/a was asked for 3 times\n");
    assert.equal(await text(second, "/cdn-cgi/handler/scheduled?cron=0+0+*+*+*"), "ok");
    await second.logged(/0 0 \* \* \*: 2 counts are gone/);
    assert.equal(await text(second, "/a"), "/a was asked for 1 times\n");
    assert.equal(await second.stop(), 0);
  });
});
