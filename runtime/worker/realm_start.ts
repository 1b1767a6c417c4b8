// What a guest's realm is made with, of all that its thread is told: two that are told the same have the same realm.
import type { EngineOptions, SnapshotPlace } from "../addon.ts";
import { layout } from "../layout.ts";
import { type GuestFile, librariesOf, type WarmOptions, type WorkerOptions } from "./protocol.ts";

/** Plain data, in the same order each time: it can be compared as JSON. */
export interface RealmStart {
  readonly engine: Omit<EngineOptions, "authorities" | "wasm">;
  readonly distribution: string;
  readonly maxFibers?: number;
  readonly preemptTasks?: boolean;
  /** What V8 made of the realm's scripts before. */
  readonly scripts?: SnapshotPlace;
  readonly stackBytes: number;
}

/** As the engine has them: names and files by turns. */
export function librariesIn(given: readonly GuestFile[]): string[] {
  return librariesOf(given).flatMap(({ target, source }) => [target, source]);
}

export function realmStart(options: Omit<WorkerOptions, "channel"> | Omit<WarmOptions, "channel">): RealmStart {
  const { runSync, stackBytes, stackBudgets, distribution = layout.distribution } = options;
  const { maxFibers, preemptTasks, heapMib, switchSeed, snapshot, saveSnapshot, scripts } = options;
  return {
    engine: {
      runSync,
      ...(heapMib !== undefined && { heapMib }),
      ...(switchSeed !== undefined && { switchSeed }),
      ...stackBudgets,
      libraries: librariesIn(options.files),
      ...(snapshot !== undefined && { snapshot }),
      ...(saveSnapshot !== undefined && { saveSnapshot }),
    },
    distribution,
    ...(maxFibers !== undefined && { maxFibers }),
    ...(preemptTasks !== undefined && { preemptTasks }),
    ...(scripts !== undefined && { scripts }),
    stackBytes,
  };
}
