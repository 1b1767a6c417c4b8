// The baseline snapshot: Python started, with this package's own modules and much of the standard library imported, before any code
// of a Worker's. It is made where there is none yet, by a thread of its own, and each Worker's interpreter begins with it.
//
// Nothing depends on it: where it cannot be made or used, a Worker starts its interpreter from nothing, and the log says why.
import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { loadAddon, type SnapshotPlace } from "../addon.ts";
import { messageOf } from "../user_error.ts";
import type { LogLevel, WorkerOptions } from "../worker/protocol.ts";
import { openLink } from "../worker/thread_link.ts";
import { fileOf, prepareFolder, touch } from "./folder.ts";
import { type SnapshotVariant, snapshotKey } from "./key.ts";

type Log = (level: LogLevel, text: string) => void;

/** How the thread that makes it is started: as a Worker's. */
export interface MakerOptions {
  readonly stackBytes: number;
  readonly resourceLimits: NonNullable<ConstructorParameters<typeof Worker>[1]>["resourceLimits"];
}

const makeTimeoutMs = 120_000;

/** What there is, or is being made, by key; undefined: there is none to be had by this process. */
const known = new Map<string, Promise<SnapshotPlace | undefined>>();

/** Variables that the interpreter reads once, when it starts. */
const readAtStart = /^PYTHON(?!DONTWRITEBYTECODE$)/;

/** The snapshot for a Worker with these variables of Python's, or undefined for none. Never rejects. */
export async function baselineSnapshot(
  variant: SnapshotVariant,
  pythonEnv: { readonly [name: string]: string },
  maker: MakerOptions,
  log: Log,
): Promise<SnapshotPlace | undefined> {
  if (process.env.BLOCKON_SNAPSHOTS === "off" || Object.keys(pythonEnv).some((name) => readAtStart.test(name))) {
    return undefined;
  }
  const key = snapshotKey(variant);
  let found = known.get(key);
  if (found === undefined) {
    found = findOrMake({ file: fileOf(key, "image"), key }, variant, maker, log).catch((error: unknown) => {
      log("warn", `starting without a snapshot of Python: ${messageOf(error)}`);
      return undefined;
    });
    known.set(key, found);
  }
  return await found;
}

/** An interpreter could not begin with it: this process will do without, and the next one makes it anew. */
export function discardSnapshot({ file, key }: SnapshotPlace, why: string, log: Log): void {
  known.set(key, Promise.resolve(undefined));
  log("warn", `starting without the snapshot ${file}, which cannot be used: ${why}`);
  rmSync(file, { force: true });
}

async function findOrMake(
  place: SnapshotPlace,
  variant: SnapshotVariant,
  maker: MakerOptions,
  log: Log,
): Promise<SnapshotPlace> {
  const addon = loadAddon();
  if (existsSync(place.file)) {
    const why = addon.openSnapshot(place);
    if (why === null) {
      touch(place.file);
      return place;
    }
    log("warn", `the snapshot ${place.file} cannot be used: ${why}; making it anew`);
  }
  prepareFolder();
  await make(place, variant, maker);
  const why = addon.openSnapshot(place);
  if (why !== null) throw new Error(`${place.file} cannot be used: ${why}`);
  return place;
}

async function make(
  saveSnapshot: SnapshotPlace,
  { runSync, stackBudgets }: SnapshotVariant,
  maker: MakerOptions,
): Promise<void> {
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  const { link, number } = openLink((message) => {
    if (message.type === "ready") resolve();
    else if (message.type === "failed" || message.type === "fatal") reject(new Error(message.text));
  });
  const workerData: WorkerOptions = {
    channel: number,
    name: "snapshot",
    main: "",
    folder: "/",
    path: [],
    files: [],
    folders: [],
    features: [],
    env: {},
    pythonEnv: {},
    runSync,
    deadlockWarningSeconds: 0,
    threadGraceSeconds: 0,
    saveSnapshot,
    stackBytes: maker.stackBytes,
    stackBudgets,
  };
  const entry = new URL(`../worker/main${path.extname(import.meta.url)}`, import.meta.url);
  const thread = new Worker(entry, {
    name: "snapshot",
    workerData,
    resourceLimits: maker.resourceLimits ?? {},
    env: {},
  });
  const late = (): void => reject(new Error(`it was not made within ${makeTimeoutMs / 1000} s`));
  const timer = setTimeout(late, makeTimeoutMs);
  thread.on("error", reject);
  thread.on("exit", (code) => {
    link.drain();
    reject(new Error(`the thread that makes it ended with code ${code}`));
  });
  try {
    await ready;
  } finally {
    clearTimeout(timer);
    await thread.terminate();
    link.close();
  }
}
