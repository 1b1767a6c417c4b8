// A Worker as its configuration has it.
import path from "node:path";
import type { KvStore } from "../bindings/kv/store.ts";
import type { QueueStore } from "../bindings/queues/store.ts";
import { olderPyodide, runSyncFlag } from "../config/older_pyodide.ts";
import type { WorkerConfig } from "../config/wrangler.ts";
import { distributionFolder } from "../distributions.ts";
import { maskOf } from "../mask.ts";
import { guestTree, type Packages, workerMount } from "../packages/guest_files.ts";
import { FreshWorkers } from "../pool/fresh_workers.ts";
import type { WorkerDescription, WorkerHostOptions } from "../pool/host_options.ts";
import type { ServedHost } from "../pool/served_host.ts";
import { type WarmKind, warmKind } from "../pool/warm_kind.ts";
import { WorkerHost } from "../pool/worker_host.ts";
import type { SandboxLimits } from "../worker/protocol.ts";

export interface WorkerParts
  extends Pick<WorkerHostOptions, "onCall" | "onLog" | "onOutput" | "permissions" | "warm" | "shared" | "onStart"> {
  /** Its packages, if it has any. */
  readonly packages?: Packages | undefined;
  /** Variables that are not in the configuration. */
  readonly vars?: WorkerConfig["vars"] | undefined;
  /** What keeps the values of its KV namespaces. */
  readonly kv?: KvStore | undefined;
  /** What keeps the messages that it sends. */
  readonly queues?: QueueStore | undefined;
}

/** Where a Worker's bindings keep what they are given. */
export function stateFolder(config: WorkerConfig, given: string | undefined): string {
  return path.resolve(given ?? path.resolve(config.folder, config.state ?? path.join(".blockon", "state")));
}

/** What its thread has for its life. */
function threadPart(config: WorkerConfig) {
  const release = config.python.runs;
  return {
    distribution: distributionFolder(release),
    older: olderPyodide(release, config.compatibility),
    features: [...config.compatibility.features],
    pythonEnv: {},
    runSync: config.compatibility.features.has(runSyncFlag) && release.blocking !== "none",
    maxFibers: config.maxFibers,
    preemptTasks: config.preemptTasks,
    heapMib: config.limits.memoryMb,
    storageMib: config.limits.tmpMb,
    assets: config.assets,
  } satisfies Partial<WorkerDescription>;
}

/** The kind of the threads that it can be given; undefined where each is started for it. */
export function kindOf(config: WorkerConfig, permissions: boolean | undefined): WarmKind | undefined {
  if (config.requestIsolation !== undefined) return undefined;
  const limits = { heapMb: config.limits.heapMb, permissions: permissions !== false };
  if (!config.snapshot) return warmKind(threadPart(config), limits);
  // An artifact's snapshot has a baseline of its own below it.
  if (config.artifact?.snapshot !== undefined) return undefined;
  return warmKind(threadPart(config), limits, "begun");
}

/** What its thread is started with. */
export function workerOptions(
  config: WorkerConfig,
  { packages, vars, kv, queues }: Pick<WorkerParts, "packages" | "vars" | "kv" | "queues">,
): ReturnType<WorkerHostOptions["describe"]> {
  const part = threadPart(config);
  return {
    ...part,
    name: config.name,
    main: `${workerMount}/${config.main}`,
    folder: workerMount,
    ...guestTree(config.folder, packages, config.assets?.directory),
    env: { ...config.vars, ...vars, ...config.secrets },
    outbound: config.outbound,
    services: config.services,
    outboundFetch: config.outboundFetch,
    // Only the guest knows what waits for what.
    deadlockWarningSeconds: part.older === undefined ? config.deadlockWarningSeconds : 0,
    threadGraceSeconds: config.threadGraceSeconds,
    tellsLasting: config.requestIsolation !== undefined,
    resets: config.requestIsolation?.resets === true,
    kv: kv && { stateFolder: kv.stateFolder, namespaces: config.kv, port: kv.newPort() },
    queues: queues && { producers: config.queues.producers, port: queues.newPort() },
    workerServices: Object.keys(config.serviceBindings),
  };
}

function hostOptions(
  config: WorkerConfig,
  { packages, vars, kv, queues, ...handlers }: WorkerParts,
): WorkerHostOptions {
  distributionFolder(config.python.runs);
  return {
    name: config.name,
    ...handlers,
    mask: maskOf(Object.values(config.secrets)),
    limits: config.limits,
    describe: () => workerOptions(config, { packages, vars, kv, queues }),
  };
}

/** A Worker that is not started yet, in one interpreter. Throws UserError where its Python is not installed. */
export function createWorker(config: WorkerConfig, parts: WorkerParts): WorkerHost {
  return new WorkerHost(hostOptions(config, parts));
}

export function sandboxLimits({ sandbox }: WorkerConfig): SandboxLimits | undefined {
  return sandbox && { maxSeconds: sandbox.mostSeconds, maxMemory: sandbox.mostMemory };
}

/** The same in as many interpreters as its configuration asks for. */
export function createServed(config: WorkerConfig, parts: WorkerParts): ServedHost {
  const { requestIsolation, snapshot } = config;
  const { describe, ...rest } = hostOptions(config, parts);
  const limits = sandboxLimits(config);
  // What has been told goes on is not ended by others' starts.
  const tellsLasting = requestIsolation !== undefined || parts.warm !== undefined;
  const options = {
    ...rest,
    snapshots: snapshot,
    packed: config.artifact?.snapshot,
    describe: () => ({ ...describe(), sandbox: limits, tellsLasting }),
  };
  return requestIsolation === undefined
    ? new WorkerHost(options)
    : new FreshWorkers({ ...options, warm: undefined, shared: undefined, ...requestIsolation });
}
