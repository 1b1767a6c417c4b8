// The examples with state, as they are: KV and scheduled triggers.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { packageRoot } from "../../runtime/layout.ts";
import { ServeProcess } from "./lib/serve_process.ts";

describe("the examples that keep something", () => {
  let state: string;
  const serve = (name = "counter"): Promise<ServeProcess> => {
    const example = path.join(packageRoot, "examples", name);
    return ServeProcess.start(example, undefined, undefined, "--state", state, "--test-scheduled");
  };
  const text = async (server: ServeProcess, target: string): Promise<string> => (await server.get(target)).text();
  before(() => {
    state = mkdtempSync(path.join(os.tmpdir(), "blockon-state-"));
  });
  after(() => rmSync(state, { recursive: true }));

  it("counter: counts over restarts, until its trigger", async () => {
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

  it("cron: does at each time what is due then", async () => {
    const server = await serve("cron");
    const trigger = (cron: string, time: string): Promise<string> =>
      text(server, `/cdn-cgi/handler/scheduled?cron=${encodeURIComponent(cron)}&time=${Date.parse(time)}`);
    assert.equal(await text(server, "/"), "no reports yet\n");
    assert.equal(await trigger("*/5 * * * *", "2026-11-02T10:05:00Z"), "ok");
    assert.equal(await trigger("*/5 * * * *", "2026-11-02T10:10:00Z"), "ok");
    assert.equal(await text(server, "/"), "2026-11-02 10:05: all is well\n2026-11-02 10:10: all is well\n");
    assert.equal(await trigger("0 6 * * MON", "2026-11-09T06:00:00Z"), "ok");
    assert.equal(await text(server, "/"), "no reports yet\n");
    assert.equal(await server.stop(), 0);
  });
});
