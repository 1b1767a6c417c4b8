// What becomes of a snapshot that an interpreter could not begin with.
import type { SnapshotPlace } from "../addon.ts";
import { discardSnapshot } from "./baseline.ts";
import type { Log } from "./maker.ts";
import { discardWorkerSnapshot } from "./worker_snapshot.ts";

/** A Worker's own, or the baseline. */
export function discard(place: SnapshotPlace, why: string, log: Log): void {
  if (place.base === undefined && place.packed !== true) discardSnapshot(place, why, log);
  else discardWorkerSnapshot(place, why, log);
}
