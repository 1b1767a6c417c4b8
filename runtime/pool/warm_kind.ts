// What a thread has from its start for its life, before it is a Worker's: Workers that have it alike can be given the same threads.
import { type GuestTree, guestTree, sdkMount } from "../packages/guest_files.ts";
import type { ThreadOptions, WarmOptions, WarmStage } from "../worker/protocol.ts";
import type { ThreadLimits, WorkerDescription } from "./host_options.ts";

type KindOptions = Pick<
  ThreadOptions,
  "features" | "pythonEnv" | "runSync" | "distribution" | "maxFibers" | "preemptTasks" | "heapMib" | "storageMib"
>;

export interface WarmKind {
  readonly key: string;
  /** How far it goes by itself: not so far where its Worker may have a snapshot. */
  readonly stage: WarmStage;
  readonly limits: ThreadLimits;
  readonly options: KindOptions;
}

/** The kind of a Worker's threads; undefined where each is started for it alone. */
export function warmKind(
  description: KindOptions & Pick<WorkerDescription, "older" | "assets">,
  limits: ThreadLimits,
  stage: WarmStage = "imported",
): WarmKind | undefined {
  const { features, pythonEnv, runSync, distribution, maxFibers, preemptTasks, heapMib, storageMib } = description;
  // An older Python; variables that it reads when it starts; files that are asked for by their real paths, which a
  // ThreadFolder does not have.
  if (description.older !== undefined || Object.keys(pythonEnv).length > 0) return undefined;
  if (limits.permissions && description.assets?.binding !== undefined) return undefined;
  const options = {
    features: [...features].sort(),
    pythonEnv,
    runSync,
    ...(distribution !== undefined && { distribution }),
    ...(maxFibers !== undefined && { maxFibers }),
    ...(preemptTasks !== undefined && { preemptTasks }),
    ...(heapMib !== undefined && { heapMib }),
    ...(storageMib !== undefined && { storageMib }),
  };
  return { key: JSON.stringify([stage, options, limits]), stage, limits, options };
}

/** What the interpreter of such a thread has, and may import, before it is a Worker's: Cloudflare's SDK, which is nobody's. */
export function warmImports({ stage, options }: WarmKind): GuestTree & Pick<WarmOptions, "preload"> {
  const preload = stage === "imported" && options.features.includes("python_workers") ? ["workers"] : [];
  return { ...guestTree(undefined, undefined), preload };
}

/** What of a description such a thread does not have. */
export function coldPart(description: WorkerDescription): WorkerDescription {
  const { files, images = [], folders } = description;
  const known = guestTree(undefined, undefined).folders;
  return {
    ...description,
    files: files.filter(({ target }) => !target.startsWith(`${sdkMount}/`)),
    images: images.filter(({ mount }) => mount !== sdkMount),
    folders: folders.filter((each) => !known.includes(each)),
  };
}

/** Divides a number of threads: each kind has one, as far as they go, and the rest goes by how many Workers there are of each. */
export function share<Kind extends { readonly workers: number }>(
  threads: number,
  kinds: readonly Kind[],
): (Kind & { readonly threads: number })[] {
  const shares = kinds.toSorted((one, other) => other.workers - one.workers).map((kind) => ({ ...kind, threads: 0 }));
  for (let left = threads; left > 0; left--) {
    const next = shares
      .filter(({ workers, threads: given }) => given < workers)
      .sort(
        (one, other) =>
          Number(one.threads > 0) - Number(other.threads > 0) ||
          other.workers / (other.threads + 1) - one.workers / (one.threads + 1),
      )[0];
    if (next === undefined) break;
    next.threads++;
  }
  return shares;
}
