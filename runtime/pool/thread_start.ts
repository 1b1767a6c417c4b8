// How a Worker gets its thread, and what a thread is started with whoever's it is: stacks, the baseline snapshot, what V8 has compiled.
import type { SnapshotPlace } from "../addon.ts";
import { beforePython } from "../process_flags.ts";
import { baselineSnapshot } from "../snapshots/baseline.ts";
import { besideCode, useCompiled } from "../snapshots/compiled.ts";
import { noteFile } from "../snapshots/start_record.ts";
import { isUsable, makeWorkerSnapshotLater, workerPlace } from "../snapshots/worker_snapshot.ts";
import { switchSeed } from "../switching.ts";
import type { LogLevel, ThreadOptions } from "../worker/protocol.ts";
import { type ThreadLimits, type WorkerHostOptions, WorkerLostError } from "./host_options.ts";
import { threadPermissions } from "./permissions.ts";
import { threadStack } from "./resource_limits.ts";
import { type HostedThread, portsOf, WorkerThread } from "./worker_thread.ts";

type CommonOptions = Pick<ThreadOptions, "stackBytes" | "stackBudgets" | "switchSeed" | "snapshot" | "scripts">;

/**
 * Never rejects. Whoever starts a thread with them takes V8's flags before (beforePython()).
 * @param log Told why there is no snapshot, or nothing compiled.
 * @param own What its interpreter begins with; the baseline if not given.
 */
export async function commonOptions(
  { older, runSync, pythonEnv }: Pick<ThreadOptions, "older" | "runSync" | "pythonEnv">,
  log: (level: LogLevel, text: string) => void,
  own?: SnapshotPlace,
): Promise<CommonOptions> {
  const common = { ...threadStack(), switchSeed: switchSeed() };
  // Older Pyodides have no glue that maps one.
  if (older !== undefined) return { ...common, snapshot: undefined, scripts: undefined };
  return { ...common, snapshot: own ?? (await baselineSnapshot(runSync, pythonEnv, log)), scripts: useCompiled(log) };
}

export interface Found {
  readonly thread: HostedThread;
  /** Has a snapshot made of the Worker, where there is none and there may be one. */
  readonly makeSnapshot: (() => void) | undefined;
}

/** One that was made ready, or a new one: the Worker's from now on. */
export async function threadFor(
  { warm: ready, shared, describe, onLog, name, snapshots, packed }: WorkerHostOptions,
  limits: ThreadLimits,
  isStopped: () => boolean,
): Promise<Found> {
  const description = describe();
  const warm = shared === undefined ? ready : undefined;
  // One that is reset starts seldom, and has to see what its module does while it is loaded.
  const isReset = description.resets === true;
  const taken = snapshots === true || isReset ? undefined : warm?.take(description, limits);
  if (taken !== undefined) return { thread: taken, makeSnapshot: undefined };
  const mayHave = snapshots === true && !isReset;
  const given = mayHave && packed !== undefined && isUsable(packed, onLog) ? packed : undefined;
  const common = await commonOptions(description, onLog, given);
  const { snapshot: baseline } = common;
  const own = given ?? (baseline && mayHave ? workerPlace(description, baseline) : undefined);
  if (own !== undefined && own !== given) noteFile("image", own);
  const hasOwn = own !== undefined && (own === given || isUsable(own, onLog));
  // All above is done while Node boots in the thread.
  await beforePython();
  if (isStopped()) {
    for (const port of portsOf(description)) port.close();
    throw new WorkerLostError("the Worker was stopped");
  }
  const snapshot = hasOwn ? own : baseline;
  const makeSnapshot = own && !hasOwn ? () => makeWorkerSnapshotLater(own, description, onLog) : undefined;
  // One that goes on with that.
  const waiting = own && warm?.take(description, limits, snapshot);
  if (waiting !== undefined) return { thread: waiting, makeSnapshot };
  const start = { ...description, ...common, snapshot };
  const seat = shared && besideCode(onLog, () => shared.open(start, limits));
  if (seat !== undefined) return { thread: seat, makeSnapshot };
  const permissions = limits.permissions ? threadPermissions(start) : undefined;
  const thread = besideCode(onLog, () => new WorkerThread(start, { name, heapMb: limits.heapMb, permissions }));
  return { thread, makeSnapshot };
}
