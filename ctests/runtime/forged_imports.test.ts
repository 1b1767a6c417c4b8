// A Worker's Python reaches the functions that its wasm imports of the engine, and may call them with anything. What it gets is its own
// to bear: no other Worker of the process notices. ctests/engine/forged_arguments_test.cc calls them more often.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { createServed } from "../../runtime/cli/create_worker.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import type { ServedHost } from "../../runtime/pool/served_host.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = readFileSync(path.join(import.meta.dirname, "lib", "forged_imports.py"), "utf8");
const offline = '[blockon.outbound]\ndeny = ["*"]\n';
const fresh = `[blockon]\nisolation = "request"\nready_instances = 1\nmax_instances = 1\n`;

class Served {
  readonly #folder: WorkerFolder;
  readonly #host: ServedHost;

  constructor(settings: string) {
    this.#folder = workerFolder(entry, ["python_run_sync"], settings + offline);
    this.#host = createServed(readWorkerConfig(this.#folder.path), { onLog: () => {}, onOutput: () => {} });
  }

  async ask(what: string): Promise<string> {
    const { body } = await this.#host.open({ method: "GET", url: `http://a/${what}`, headers: [], body: null })
      .response;
    assert.ok(body instanceof Uint8Array);
    return Buffer.from(body).toString();
  }

  async stop(): Promise<void> {
    await this.#host.stop();
    this.#folder.remove();
  }
}

describe("forged arguments of the engine's imports", () => {
  let other: Served;
  before(() => {
    other = new Served("");
  });
  after(() => other.stop());

  let asked = 0;
  const isUndisturbed = async (): Promise<void> => {
    asked++;
    assert.equal(await other.ask("asked"), String(asked));
  };

  for (const [what, settings] of [
    ["a Worker's", ""],
    ["those of interpreters for a request each", fresh],
    ["those of interpreters that are reset", `${fresh}reset_instances = true\n`],
  ] as const) {
    it(`of ${what} disturb nobody else`, async () => {
      await isUndisturbed();
      const forger = new Served(settings);
      try {
        for (const seed of ["1", "2", "3"]) {
          const answer = await forger.ask(seed);
          const counts = Object.entries(JSON.parse(answer) as Record<string, [number, number]>);
          assert.ok(counts.length > 50, answer);
          assert.ok(counts.filter(([, [, returned]]) => returned > 0).length > 40, answer);
          await isUndisturbed();
        }
      } finally {
        await forger.stop();
      }
      await isUndisturbed();
    });
  }
});
