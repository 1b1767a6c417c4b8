// The snapshot of one Worker: the memory of an interpreter that has run its top level, over the baseline snapshot. It is made beside the
// server after the Worker's first start, by a thread that starts it once more, and later interpreters of that Worker begin with it.
//
// Nothing depends on it: where it cannot be made or used, a Worker starts from the baseline.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { MessageChannel } from "node:worker_threads";
import { loadAddon, type SnapshotPlace } from "../addon.ts";
import type { WorkerDescription } from "../pool/host_options.ts";
import { threadPermissions } from "../pool/permissions.ts";
import { messageOf } from "../user_error.ts";
import type { Reproducible } from "../worker/protocol.ts";
import { fileOf, prepareFolder, touch } from "./folder.ts";
import { type Log, runMaker } from "./maker.ts";
import { filesDigest, workerKey } from "./worker_key.ts";

const makeTimeoutMs = 120_000;
/** From when a Worker runs: what it does first is not to wait. */
const delayMs = 1000;

export interface MadeSnapshot {
  readonly place: SnapshotPlace | undefined;
  /** Why there is none, with the lines and variables at fault. */
  readonly refusals: readonly string[];
  /** Whether they are the Worker's own, and another attempt comes to the same. */
  readonly isFinal: boolean;
}

/** Keys of those that this process does without, or that it makes. */
const settled = new Set<string>();

/** Whether a Worker's interpreter could begin with one. */
export function canHave({ main, older, terminal, reports }: WorkerDescription): boolean {
  return main !== "" && older === undefined && terminal !== true && reports === undefined;
}

/** Where the Worker's snapshot is, or would be; undefined where it can have none. */
export function workerPlace(worker: WorkerDescription, baseline: SnapshotPlace): SnapshotPlace | undefined {
  if (!canHave(worker)) return undefined;
  const key = workerKey(worker, baseline.key, filesDigest(worker.files));
  return { file: fileOf(key, "worker"), key, base: baseline };
}

/** Whether an interpreter can begin with it. */
export function isUsable(place: SnapshotPlace, log: Log): boolean {
  if (settled.has(place.key) || !existsSync(place.file)) return false;
  const why = loadAddon().openSnapshot(place);
  if (why === null) {
    if (place.packed !== true) touch(place.file);
    return true;
  }
  if (place.packed === true) {
    discardWorkerSnapshot(place, why, log);
    return false;
  }
  log("warn", `the Worker's snapshot ${place.file} cannot be used: ${why}; making it anew`);
  rmSync(place.file, { force: true });
  return false;
}

/** An interpreter could not begin with it: this process does without. */
export function discardWorkerSnapshot({ file, key, packed }: SnapshotPlace, why: string, log: Log): void {
  settled.add(key);
  log("warn", `starting without the Worker's snapshot ${file}, which cannot be used: ${why}`);
  if (packed !== true) rmSync(file, { force: true });
}

export interface Making {
  /** What the interpreter begins with; the one that the snapshot lies over if not given. */
  readonly snapshot?: SnapshotPlace;
  /** In place of the system's randomness and clocks. */
  readonly reproducible?: Reproducible;
}

/** Runs the Worker's top level in a thread of its own and writes the file. Never rejects. */
export async function makeWorkerSnapshot(
  place: SnapshotPlace,
  worker: WorkerDescription,
  { snapshot = place.base, reproducible }: Making = {},
): Promise<MadeSnapshot> {
  const { kv, queues } = worker;
  /** Of what it would be a snapshot now. */
  const keyNow = (): string => {
    const digest = filesDigest(worker.files);
    return place.base === undefined ? digest : workerKey(worker, place.base.key, digest);
  };
  const changed = { place: undefined, refusals: ["its files changed meanwhile"], isFinal: false };
  const options = {
    ...worker,
    ...{ snapshot, saveSnapshot: place, reproducible, deadlockWarningSeconds: 0 },
    // Ways to nobody: nothing is kept, and nothing sent.
    kv: kv && { ...kv, port: new MessageChannel().port1 },
    queues: queues && { ...queues, port: new MessageChannel().port1 },
    outbound: { deny: ["*"] },
  };
  try {
    const before = keyNow();
    if (place.base !== undefined && before !== place.key) return changed;
    const execArgv = threadPermissions(options);
    const refusals = await runMaker({ options, timeoutMs: makeTimeoutMs, execArgv });
    if (refusals.length > 0) return { place: undefined, refusals, isFinal: true };
    if (keyNow() !== before) {
      rmSync(place.file, { force: true });
      return changed;
    }
    return { place, refusals: [], isFinal: true };
  } catch (error) {
    return { place: undefined, refusals: [messageOf(error)], isFinal: false };
  }
}

/** Those that are to be made, one after another. */
let last: Promise<void> = Promise.resolve();

/** The Worker runs: its snapshot is made for later starts, unless it is known that there can be none. */
export function makeWorkerSnapshotLater(place: SnapshotPlace, worker: WorkerDescription, log: Log): void {
  if (settled.has(place.key)) return;
  settled.add(place.key);
  const refused = fileOf(place.key, "refused");
  if (existsSync(refused)) {
    log("debug", noSnapshot(readFileSync(refused, "utf8")));
    return;
  }
  const make = async (): Promise<void> => {
    prepareFolder();
    const { refusals, isFinal } = await makeWorkerSnapshot(place, worker);
    if (refusals.length === 0) {
      settled.delete(place.key);
      return;
    }
    const text = refusals.join("\n  ");
    log("info", noSnapshot(text));
    if (isFinal) writeFileSync(refused, text, { mode: 0o600 });
  };
  setTimeout(() => {
    last = last.then(make).catch((error: unknown) => log("warn", noSnapshot(messageOf(error))));
  }, delayMs).unref();
}

function noSnapshot(why: string): string {
  return `there is no snapshot of this Worker, which each start loads anew:\n  ${why}`;
}
