// Runs a Worker's top level in an interpreter of its own, as a server does at its start, and ends it: what fails there would fail in each start.
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createWorker, sandboxLimits, workerOptions } from "../cli/create_worker.ts";
import { startUpstream } from "../cli/set_up_workers.ts";
import { Stores } from "../cli/stores.ts";
import { usesQueues } from "../config/queues.ts";
import type { WorkerConfig } from "../config/wrangler.ts";
import type { Packages } from "../packages/guest_files.ts";
import type { WorkerDescription } from "../pool/host_options.ts";
import { messageOf, UserError } from "../user_error.ts";

/**
 * Throws UserError with its own traceback. It has no secrets, its bindings keep what they are given in a folder that is then removed, and
 * no Worker is behind those that lead to one.
 * @param say Gets the lines that it logs, and what it writes.
 * @param then Given what such an interpreter is started with, after it.
 */
export async function runTopLevel<Result>(
  config: WorkerConfig,
  packages: Packages | undefined,
  say: (text: string) => void,
  then: (worker: WorkerDescription) => Promise<Result>,
): Promise<Result> {
  await using cleanup = new AsyncDisposableStack();
  const state = mkdtempSync(path.join(os.tmpdir(), "blockon-pack-"));
  cleanup.defer(() => rmSync(state, { recursive: true, force: true }));
  const stores = new Stores({ warn: say, error: say });
  cleanup.defer(() => stores.close());
  const kv = Object.keys(config.kv).length > 0 ? await stores.kv.open(state) : undefined;
  const queues = usesQueues(config.queues) ? await stores.queues.open(state) : undefined;
  const upstream = await startUpstream(config);
  cleanup.defer(() => upstream?.close());
  const vars = upstream === undefined ? {} : { DEV_UPSTREAM: upstream.url };
  const parts = { packages, kv, queues, vars };
  const worker = createWorker(config, {
    ...parts,
    onLog: (_level, text) => say(text),
    onOutput: (_stream, text) => say(text.trimEnd()),
    onCall: async ({ binding }) => {
      throw new Error(`there is no Worker behind ${binding} while this one is packed`);
    },
  });
  cleanup.defer(() => worker.stop());
  try {
    await worker.start();
  } catch (error) {
    const secrets =
      config.secretFiles.length === 0 ? "" : ` It runs without the secrets of ${config.secretFiles.join(", ")}.`;
    throw new UserError(
      `${path.join(config.folder, config.main)}: the Worker's top level fails, so that there is nothing to pack.${secrets}`,
      { detail: messageOf(error), cause: error },
    );
  }
  return await then({ ...workerOptions(config, { ...parts, vars: {} }), sandbox: sandboxLimits(config) });
}
