// Snapshots of an interpreter's memory, from which workerd starts Python Workers as Cloudflare's cloud does: a baseline
// one, of an interpreter that has run nothing, and a dedicated one on top, of a Worker whose modules have been imported.
import { execFile } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { configText } from "./workerd_config.mjs";

const run = promisify(execFile);
const SAVED = "snapshot.bin";

/**
 * How a Worker is started: arguments for startWorkerd.
 * @typedef {{worker: import("./workerd_config.mjs").Worker, options: string[]}} Way
 */

/** workerd saves a snapshot when it has run a Worker's tests; one without any fails. */
async function save({ program, bundles }, worker, folder, options) {
  const place = mkdtempSync(path.join(tmpdir(), "blockon-workerd-"));
  try {
    const config = path.join(place, "config.capnp");
    writeFileSync(config, configText(worker));
    const cache = `--pyodide-bundle-disk-cache-dir=${bundles}`;
    await run(program, ["test", config, "--experimental", "--import-path=/", cache, inFolder(folder), ...options]);
  } catch (error) {
    const lines = (error.stderr ?? "").trim().split("\n");
    throw new Error(
      `workerd could not take a snapshot: ${lines.findLast((line) => /error/i.test(line)) ?? error.message}`,
      {
        cause: error,
      },
    );
  } finally {
    rmSync(place, { recursive: true });
  }
}

const inFolder = (folder) => `--python-snapshot-dir=${folder}`;
const from = (folder, name) => [inFolder(folder), `--python-load-snapshot=${name}`];

/**
 * Takes both snapshots of a Worker, which takes as long as starting it twice.
 * @param {import("./workerd_packages.mjs").Workerd} workerd
 * @param {(flags: string[]) => import("./workerd_config.mjs").Worker} makeWorker Python's, with a `test` in its entry class
 * @param {string} folder where they stay, which is the caller's
 * @returns {Promise<{none: Way, baseline: Way, dedicated: Way}>} Throws an Error with what workerd wrote.
 */
export async function takeSnapshots(workerd, makeWorker, folder) {
  const plain = makeWorker([]);
  const withDedicated = makeWorker(["python_dedicated_snapshot"]);
  await save(workerd, plain, folder, ["--python-save-baseline-snapshot"]);
  renameSync(path.join(folder, SAVED), path.join(folder, "baseline.bin"));
  await save(workerd, withDedicated, folder, [...from(folder, "baseline.bin").slice(1), "--python-save-snapshot"]);
  renameSync(path.join(folder, SAVED), path.join(folder, "dedicated.bin"));
  return {
    none: { worker: plain, options: [] },
    baseline: { worker: plain, options: from(folder, "baseline.bin") },
    dedicated: { worker: withDedicated, options: from(folder, "dedicated.bin") },
  };
}
