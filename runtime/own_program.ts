// This package's own JavaScript as bundles, and the one that this thread runs, if it does (bundled.cjs).
import { createRequire } from "node:module";
import path from "node:path";
import type { Script } from "node:vm";
import type { Worker } from "node:worker_threads";
import type { SnapshotPlace } from "./addon.ts";
import { layout } from "./layout.ts";

/** A Worker's thread that was started before the bundle was loaded, and waits for its options. */
export interface ThreadAhead {
  /** What it was started with (snapshots/start_record.ts). */
  readonly settings: string;
  readonly thread: Worker;
  /** When Node is there, or the thread has ended. */
  readonly booted: Promise<void>;
  /** What it makes the first Worker's realm with, as the last start noted it. */
  readonly realm?: { readonly realm: string; readonly scripts?: SnapshotPlace };
  readonly isGone: boolean;
}

interface Bundled {
  /** Of this thread. `isKept`: whether V8 took what was kept in the place. */
  readonly program?: { readonly place?: SnapshotPlace; readonly script: Script; readonly isKept: boolean };
  /** Of a Worker's thread that was started ahead. */
  readonly options?: unknown;
  /** Of the command's process. */
  readonly ahead?: ThreadAhead;
  /** Where its start is noted. */
  readonly record?: string;
  keys(): { readonly main: string; readonly worker: string } | undefined;
  placeOfMain(): SnapshotPlace | undefined;
  placeOfWorker(scripts: SnapshotPlace): SnapshotPlace;
  scriptOf(name: "main" | "worker"): Script;
}

/** One for each thread, which the first file of a bundled program has loaded. */
export const bundled = (): Bundled =>
  createRequire(import.meta.url)(path.join(layout.runtime, "bundled.cjs")) as Bundled;
