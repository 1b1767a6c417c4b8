// A program of our own in a Worker, as pytest and the benchmarks run theirs: how it ends, and what is heard of it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { bareWorker } from "../../runtime/pool/bare_worker.ts";
import { WorkerHost } from "../../runtime/pool/worker_host.ts";

const folder = mkdtempSync(path.join(tmpdir(), "blockon-program-"));
writeFileSync(
  path.join(folder, "program.py"),
  `
import json

def main(arguments):
    asked = json.loads(arguments)
    if asked["raises"]:
        raise ValueError("no such thing")
    return asked["code"]
`,
);

/** How it ended, and what was logged. */
async function run(asked: object): Promise<[code: number, log: string]> {
  const { promise, resolve } = Promise.withResolvers<number>();
  let log = "";
  const host = new WorkerHost({
    name: "program",
    describe: () => bareWorker("program", folder, { main: "", features: [] }),
    onLog: (_level, text) => {
      log += text;
    },
    onOutput: () => {},
    onExit: resolve,
  });
  await host.run("program", JSON.stringify(asked));
  const code = await promise;
  await host.stop();
  return [code, log];
}

describe("a program in a Worker", () => {
  after(() => rmSync(folder, { recursive: true }));

  it("ends with the code that it returns", async () => {
    assert.deepEqual(await run({ raises: false, code: 7 }), [7, ""]);
  });

  it("that raises is told with its traceback, and ends with 1", async () => {
    const [code, log] = await run({ raises: true });
    assert.equal(code, 1);
    assert.match(log, /Traceback[\s\S]*program\.py[\s\S]*ValueError: no such thing/);
  });
});
