// A Worker of a server with what it has beside it: packages, an upstream, a store, other Workers, cron triggers.
import path from "node:path";
import type { QueueStore } from "../bindings/queues/store.ts";
import { checkConsumers } from "../config/queues.ts";
import { checkServices } from "../config/service_bindings.ts";
import type { WorkerConfig } from "../config/wrangler.ts";
import { LineSplitter } from "../line_splitter.ts";
import type { Log } from "../log.ts";
import { maskOf } from "../mask.ts";
import { CronSchedule } from "../pool/cron_schedule.ts";
import { within } from "../pool/fiber_asks.ts";
import type { WorkerHostOptions } from "../pool/host_options.ts";
import type { Isolates } from "../pool/isolates.ts";
import { type Consuming, QueueConsumer } from "../pool/queue_consumer.ts";
import { callScheduled } from "../pool/scheduled.ts";
import type { ServedHost } from "../pool/served_host.ts";
import { type Peers, serviceCalls } from "../pool/service_calls.ts";
import { WorkerHost } from "../pool/worker_host.ts";
import { beforePython } from "../process_flags.ts";
import { Sandboxes } from "../sandbox/sandboxes.ts";
import type { ServedWorker } from "../server/routed_workers.ts";
import { messageOf, UserError } from "../user_error.ts";
import { answerCalls } from "./answer_calls.ts";
import { type Companion, startCompanion } from "./companion.ts";
import { createServed, kindOf, stateFolder } from "./create_worker.ts";
import { preparePackages } from "./prepare_packages.ts";
import type { Stores } from "./stores.ts";

export interface SetUpOptions {
  readonly log: Log;
  readonly stores: Stores;
  /** The folder for what bindings keep, in place of each Worker's own. */
  readonly state: string | undefined;
  /** The folder or URL of Pyodide's own wheels. */
  readonly wheels: string | undefined;
  /** Whether Node's permission model holds for its thread; so unless told otherwise. */
  readonly permissions: boolean | undefined;
  readonly isolates: Isolates;
}

export function tellOfNoPermissions(log: Log): void {
  log.warn(
    "Workers' threads run without Node's permission model (--no-thread-permissions): only the realm is between them and the host's files",
  );
}

/** How long batches may take that are under way at the end. */
const drainMs = 5000;

export interface Schedule {
  start(): void;
  stop(): void;
}

/** A Worker that is set up and not started. */
export interface SetUpWorker extends ServedWorker {
  readonly host: ServedHost;
  readonly config: WorkerConfig;
  readonly upstream: Companion | undefined;
  /** What calls its handlers beside requests: not started. */
  readonly schedule: Schedule;
  /** Ends it and all that is its own. */
  end(): Promise<void>;
}

/** The module that [blockon] dev_upstream names: `start()` gives its URL, which is the binding DEV_UPSTREAM. */
export async function startUpstream(config: WorkerConfig): Promise<Companion | undefined> {
  if (config.devUpstream === undefined) return undefined;
  const file = path.join(config.folder, config.devUpstream);
  // Its module may compile wasm.
  await beforePython();
  try {
    return await startCompanion(file);
  } catch (error) {
    throw new UserError(`${file}: the upstream cannot be started: ${messageOf(error)}`, { cause: error });
  }
}

/** What a Worker logs and writes, as lines of the log. */
function guestLog(guest: Log, config: WorkerConfig): Pick<WorkerHostOptions, "onLog" | "onOutput"> {
  // Here and not before, since a secret may come in pieces.
  const mask = maskOf(Object.values(config.secrets));
  const lines = {
    stdout: new LineSplitter((line) => guest.info(mask(line))),
    stderr: new LineSplitter((line) => guest.warn(mask(line))),
  };
  return {
    onLog: (level, text) => guest[level](text),
    onOutput: (stream, text) => lines[stream].write(text),
  };
}

function tellSettings(config: WorkerConfig, log: Log): void {
  for (const warning of config.warnings) log.warn(warning);
  if (config.secretFiles.length === 0) return;
  const count = Object.keys(config.secrets).length;
  log.info(`${count} ${count === 1 ? "secret" : "secrets"} of ${config.secretFiles.join(", ")}`);
}

/** One for each queue whose messages the Worker takes. */
export function consumersOf(config: WorkerConfig, host: Consuming, queues: QueueStore, log: Log): QueueConsumer[] {
  return config.queues.consumers.map((settings) => new QueueConsumer(settings, host, queues, log));
}

/** Several as one. */
function together(schedules: readonly Schedule[]): Schedule {
  return {
    start: () => {
      for (const each of schedules) each.start();
    },
    stop: () => {
      for (const each of schedules) each.stop();
    },
  };
}

/** By their names. Throws UserError when two have the same, or cannot be in one server. */
export function byName(configs: readonly WorkerConfig[]): ReadonlyMap<string, WorkerConfig> {
  const names = new Map<string, WorkerConfig>();
  for (const config of configs) {
    const other = names.get(config.name);
    if (other !== undefined) {
      throw new UserError(`${config.file}: ${other.file} has the same name, ${config.name}. Give one of them another.`);
    }
    names.set(config.name, config);
  }
  checkConsumers(configs);
  return names;
}

/** Throws UserError, where a binding leads to none of them, too. */
export function checkTogether(configs: readonly WorkerConfig[]): void {
  const names = byName(configs);
  for (const config of configs) checkServices(config.serviceBindings, names, "blockon serve");
}

/**
 * A Worker with what it has beside it, which ends with it. Throws UserError.
 * @param peers The Workers that its bindings lead to, by their names, whichever they are when it calls.
 */
export async function setUpWorker(
  config: WorkerConfig,
  { log, stores, state, wheels, permissions, isolates }: SetUpOptions,
  peers: Peers,
): Promise<SetUpWorker> {
  const guest = log.child({ worker: config.name });
  tellSettings(config, log);
  // What was set up last is taken down first.
  await using cleanup = new AsyncDisposableStack();
  const { kv, queues } = await stores.openFor(config, stateFolder(config, state));
  const packages = await preparePackages(config, wheels, guest);
  const upstream = await startUpstream(config);
  if (upstream !== undefined) cleanup.defer(() => upstream.close());
  const logs = guestLog(guest, config);
  const sandboxes = config.sandbox && new Sandboxes(config, config.sandbox, { packages, permissions, ...logs });
  cleanup.defer(() => sandboxes?.stop());
  const tellFailure = (worker: string, text: string): void => log.child({ worker }).info(text);
  const host = createServed(config, {
    packages,
    vars: upstream === undefined ? {} : { DEV_UPSTREAM: upstream.url },
    kv,
    queues,
    permissions,
    warm: isolates.warm,
    shared: isolates.shared,
    onStart: () => isolates.starting(),
    onCall: answerCalls(sandboxes, serviceCalls(config.serviceBindings, config.name, peers, tellFailure)),
    ...logs,
  });
  if (host instanceof WorkerHost) cleanup.defer(isolates.add(config.name, host, kindOf(config, permissions)));
  cleanup.defer(() => host.stop());
  const consumers = queues === undefined ? [] : consumersOf(config, host, queues, guest);
  const crons = new CronSchedule(config.crons, (event) => callScheduled(host, event), guest);
  const schedule = together([crons, ...consumers]);
  cleanup.defer(async () => {
    schedule.stop();
    // Their messages come again else.
    await within(drainMs, Promise.all(consumers.map((consumer) => consumer.ended())));
  });
  const ends = cleanup.move();
  const { name, routes, assets } = config;
  return { name, routes, assets, host, config, upstream, schedule, end: () => ends.disposeAsync() };
}
