// Threads that are made ready, for tests.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { WarmThreads } from "../../../runtime/pool/warm_threads.ts";
import type { WorkerHost } from "../../../runtime/pool/worker_host.ts";

/** Resolves when so many are ready. */
export async function ready(warm: WarmThreads, count: number): Promise<void> {
  for (let waits = 0; warm.counts.ready < count; waits++) {
    assert.ok(waits < 6000, "none is ready within a minute");
    await sleep(10);
  }
}

/** The text that it answers at a path. */
export async function textOf(host: WorkerHost, what = ""): Promise<string> {
  const { body } = await host.fetch({ method: "GET", url: `http://a/${what}`, headers: [], body: null });
  assert.ok(body instanceof Uint8Array);
  return new TextDecoder().decode(body);
}
