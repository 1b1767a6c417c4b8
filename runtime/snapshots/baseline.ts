// The baseline snapshot: Python started, with this package's own modules and much of the standard library imported, before any code
// of a Worker's. It is made where there is none yet, by a thread of its own, and each Worker's interpreter begins with it.
//
// Nothing depends on it: where it cannot be made or used, a Worker starts its interpreter from nothing, and the log says why.
import { existsSync, rmSync } from "node:fs";
import { loadAddon, type SnapshotPlace } from "../addon.ts";
import { layout } from "../layout.ts";
import { guestTree } from "../packages/guest_files.ts";
import { threadStack } from "../pool/resource_limits.ts";
import { messageOf } from "../user_error.ts";
import type { Reproducible } from "../worker/protocol.ts";
import { fileOf, prepareFolder, touch } from "./folder.ts";
import { type SnapshotVariant, snapshotKey } from "./key.ts";
import { type Log, runMaker } from "./maker.ts";
import { noteFile } from "./start_record.ts";

const makeTimeoutMs = 120_000;

/** What there is, or is being made, by key; undefined: there is none to be had by this process. */
const known = new Map<string, Promise<SnapshotPlace | undefined>>();

/** Variables that the interpreter reads once, when it starts. */
const readAtStart = /^PYTHON(?!DONTWRITEBYTECODE$)/;

/** What this process's interpreters of the newest Python begin with. */
export function variantOf(runSync: boolean): SnapshotVariant {
  return { distribution: layout.distribution, runSync, stackBudgets: threadStack().stackBudgets };
}

/** The snapshot for a Worker with these variables of Python's, or undefined for none. Never rejects. */
export async function baselineSnapshot(
  runSync: boolean,
  pythonEnv: { readonly [name: string]: string },
  log: Log,
): Promise<SnapshotPlace | undefined> {
  if (process.env.BLOCKON_SNAPSHOTS === "off" || Object.keys(pythonEnv).some((name) => readAtStart.test(name))) {
    return undefined;
  }
  const variant = variantOf(runSync);
  const key = snapshotKey(variant);
  let found = known.get(key);
  if (found === undefined) {
    found = findOrMake({ file: fileOf(key, "image"), key }, variant, log).catch((error: unknown) => {
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

async function findOrMake(place: SnapshotPlace, variant: SnapshotVariant, log: Log): Promise<SnapshotPlace> {
  noteFile("image", place);
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
  await makeBaseline(place, variant.runSync);
  const why = addon.openSnapshot(place);
  if (why !== null) throw new Error(`${place.file} cannot be used: ${why}`);
  return place;
}

/** @param reproducible In place of the system's randomness and clocks. */
export async function makeBaseline(
  saveSnapshot: SnapshotPlace,
  runSync: boolean,
  reproducible?: Reproducible,
): Promise<void> {
  await runMaker({
    options: {
      name: "snapshot",
      main: "",
      folder: "/",
      // Cloudflare's SDK.
      ...guestTree(undefined, undefined),
      features: [],
      env: {},
      pythonEnv: {},
      runSync,
      deadlockWarningSeconds: 0,
      threadGraceSeconds: 0,
      saveSnapshot,
      reproducible,
    },
    timeoutMs: makeTimeoutMs,
  });
}
