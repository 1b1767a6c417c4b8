// This package's own JavaScript as bundles, and the one that this thread runs, if it does (bundled.cjs).
import { createRequire } from "node:module";
import path from "node:path";
import type { Script } from "node:vm";
import type { SnapshotPlace } from "./addon.ts";
import { layout } from "./layout.ts";

interface Bundled {
  /** Of this thread. `isKept`: whether V8 took what was kept in the place. */
  readonly program?: { readonly place?: SnapshotPlace; readonly script: Script; readonly isKept: boolean };
  keys(): { readonly main: string; readonly worker: string } | undefined;
  placeOfMain(): SnapshotPlace | undefined;
  placeOfWorker(scripts: SnapshotPlace): SnapshotPlace;
  scriptOf(name: "main" | "worker"): Script;
}

/** One for each thread, which the first file of a bundled program has loaded. */
export const bundled = (): Bundled =>
  createRequire(import.meta.url)(path.join(layout.runtime, "bundled.cjs")) as Bundled;
