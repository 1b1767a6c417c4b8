// The snapshot in an artifact: the whole memory of an interpreter that has run the Worker's top level. It lies over no baseline, which each
// machine has its own of, so that a server that has none starts as fast.
//
// What it is bound to is in its key: the build, Node, V8, the settings of an interpreter, and all other parts of the artifact. Secrets are no
// part of it: a top level that asks for one has no snapshot.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { loadAddon, type SnapshotPlace } from "../addon.ts";
import { runSyncFlag } from "../config/older_pyodide.ts";
import type { WorkerConfig } from "../config/wrangler.ts";
import { pyodideVersion } from "../layout.ts";
import { digestOfSdk } from "../packages/bytecode.ts";
import type { WorkerDescription } from "../pool/host_options.ts";
import { makeBaseline, variantOf } from "../snapshots/baseline.ts";
import { snapshotKey } from "../snapshots/key.ts";
import { canHave, makeWorkerSnapshot } from "../snapshots/worker_snapshot.ts";
import { messageOf } from "../user_error.ts";
import type { Reproducible } from "../worker/protocol.ts";
import { runtimeFacts } from "./facts.ts";
import { type Manifest, type Part, snapshotPart } from "./manifest.ts";

/** Another form of what is packed gets another number. */
const form = 1;
/** That of the interpreter that is packed, wherever it is. */
const timeZone = "UTC";

/** Has a process's clocks be of that time zone meanwhile. */
async function inTimeZone<Result>(zone: string, run: () => Promise<Result>): Promise<Result> {
  const before = process.env.TZ;
  process.env.TZ = zone;
  try {
    return await run();
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}

/** What the snapshot of an artifact with these parts is bound to, for this process. 64 hexadecimal digits. */
function keyOf(config: WorkerConfig, environment: string | null, parts: { readonly [name: string]: Part }): string {
  const digests = Object.entries(parts)
    .filter(([name]) => name !== snapshotPart)
    .map(([name, { sha256 }]) => [name, sha256])
    .sort();
  const variant = snapshotKey(variantOf(config.compatibility.features.has(runSyncFlag)));
  const features = [...config.compatibility.features].sort();
  return loadAddon().sha256(JSON.stringify([form, variant, digestOfSdk(), features, environment, digests]));
}

export interface PackedSnapshot {
  readonly key: string;
  readonly bytes: Uint8Array;
}

export interface SnapshotRequest {
  readonly environment: string | null;
  /** All other parts of the artifact. */
  readonly parts: { readonly [name: string]: Part };
  /** What is random comes from it and the parts: the same makes the same. */
  readonly seed: Uint8Array | undefined;
}

/** The clock of an interpreter that is packed, in milliseconds since 1970. https://reproducible-builds.org/specs/source-date-epoch/ */
function timeOf({ compatibility }: WorkerConfig): number {
  const seconds = Number(process.env.SOURCE_DATE_EPOCH || Number.NaN);
  return Number.isInteger(seconds) && seconds >= 0 ? seconds * 1000 : Date.parse(`${compatibility.date}T00:00:00Z`);
}

/** The snapshot of a Worker, or why there can be none, a line each; no line where that is not the Worker's doing. */
export async function packSnapshot(
  config: WorkerConfig,
  worker: WorkerDescription,
  { environment, parts, seed }: SnapshotRequest,
): Promise<PackedSnapshot | readonly string[]> {
  if (process.env.BLOCKON_SNAPSHOTS === "off" || !canHave(worker)) return [];
  const { sha256 } = loadAddon();
  const scratch = mkdtempSync(path.join(os.tmpdir(), "blockon-pack-"));
  try {
    return await inTimeZone(timeZone, async () => {
      const key = keyOf(config, environment, parts);
      const from = (what: string): string => sha256(`${what} ${key} `, seed ?? "");
      const reproducible = (what: string): Reproducible => ({ seed: from(what), time: timeOf(config) });
      // Python's hash secret, too: each Worker has its own.
      const base: SnapshotPlace = { file: path.join(scratch, "base"), key: from("base") };
      await makeBaseline(base, worker.runSync, reproducible("interpreter"));
      const file = path.join(scratch, "own");
      const making = { snapshot: { ...base, packed: true as const }, reproducible: reproducible("top level") };
      const { refusals } = await makeWorkerSnapshot({ file, key }, worker, making);
      return refusals.length > 0 ? refusals : { key, bytes: readFileSync(file) };
    });
  } catch (error) {
    return [messageOf(error)];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** In what the runtime that packed is another. */
function differences({ blockon, runtime }: Manifest, config: WorkerConfig): string[] {
  const here = runtimeFacts(config.python.runs);
  const packed = { build: blockon.build, ...runtime };
  const found = { build: here.blockon.build, ...here.runtime };
  return (["build", "node", "v8", "architecture"] as const)
    .filter((name) => packed[name] !== found[name])
    .map((name) => (name === "build" ? "another build of blockon" : `${name} ${packed[name]}, and not ${found[name]}`));
}

/**
 * The snapshot of an artifact, where an interpreter of this process can begin with it. Otherwise `warning` says why not.
 * @param root The artifact.
 */
export function usableSnapshot(
  root: string,
  manifest: Manifest,
  config: WorkerConfig,
): { readonly place?: SnapshotPlace; readonly warning?: string } {
  if (manifest.snapshot === null || process.env.BLOCKON_SNAPSHOTS === "off") return {};
  if (config.python.runs.version !== pyodideVersion) return {};
  const file = path.join(root, snapshotPart);
  const without = (why: string): { warning: string } => ({
    warning: `${file}: the Worker starts without the snapshot that was packed: ${why}. Pack it here to have one.`,
  });
  const shadowed = Object.keys(config.secrets).filter((name) => Object.hasOwn(config.vars, name));
  if (shadowed.length > 0) return without(`secrets have the names of its variables (${shadowed.join(", ")})`);
  if (keyOf(config, manifest.worker.environment, manifest.parts) === manifest.snapshot) {
    return { place: { file, key: manifest.snapshot, packed: true } };
  }
  const others = differences(manifest, config);
  const settings = `the time zone here is not ${timeZone}, or V8's stacks have other sizes`;
  return without(others.length > 0 ? `it is of ${others.join(", ")}` : settings);
}
