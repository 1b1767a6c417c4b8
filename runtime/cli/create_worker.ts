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
import type { WorkerHostOptions } from "../pool/host_options.ts";
import type { ServedHost } from "../pool/served_host.ts";
import { WorkerHost } from "../pool/worker_host.ts";

export interface WorkerParts extends Pick<WorkerHostOptions, "onCall" | "onLog" | "onOutput" | "permissions"> {
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

/** What its thread is started with. */
export function workerOptions(
  config: WorkerConfig,
  { packages, vars, kv, queues }: Pick<WorkerParts, "packages" | "vars" | "kv" | "queues">,
): ReturnType<WorkerHostOptions["describe"]> {
  const release = config.python.runs;
  const older = olderPyodide(release, config.compatibility);
  return {
    name: config.name,
    distribution: distributionFolder(release),
    older,
    main: `${workerMount}/${config.main}`,
    folder: workerMount,
    ...guestTree(config.folder, packages, config.assets?.directory),
    features: [...config.compatibility.features],
    env: { ...config.vars, ...vars, ...config.secrets },
    pythonEnv: {},
    runSync: config.compatibility.features.has(runSyncFlag) && release.blocking !== "none",
    maxFibers: config.maxFibers,
    preemptTasks: config.preemptTasks,
    outbound: config.outbound,
    services: config.services,
    outboundFetch: config.outboundFetch,
    // Only the guest knows what waits for what.
    deadlockWarningSeconds: older === undefined ? config.deadlockWarningSeconds : 0,
    threadGraceSeconds: config.threadGraceSeconds,
    tellsLasting: config.requestIsolation !== undefined,
    kv: kv && { stateFolder: kv.stateFolder, namespaces: config.kv, port: kv.newPort() },
    queues: queues && { producers: config.queues.producers, port: queues.newPort() },
    assets: config.assets,
    workerServices: Object.keys(config.serviceBindings),
    heapMib: config.limits.memoryMb,
    storageMib: config.limits.tmpMb,
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

/** The same in as many interpreters as its configuration asks for. */
export function createServed(config: WorkerConfig, parts: WorkerParts): ServedHost {
  const { requestIsolation, sandbox } = config;
  const { describe, ...rest } = hostOptions(config, parts);
  const limits = sandbox && { maxSeconds: sandbox.mostSeconds, maxMemory: sandbox.mostMemory };
  const options = { ...rest, describe: () => ({ ...describe(), sandbox: limits }) };
  return requestIsolation === undefined
    ? new WorkerHost(options)
    : new FreshWorkers({ ...options, ...requestIsolation });
}
