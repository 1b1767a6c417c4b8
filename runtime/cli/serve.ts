// blockon serve: Workers behind an HTTP server, until it is told to stop.
import type { DeploymentHandlers } from "../control/deployment_questions.ts";
import type { ServerReport } from "../control/report.ts";
import { type ControlServer, startControl } from "../control/server.ts";
import { DeploymentFolder } from "../deployments/folder.ts";
import { createLog, type Log, type LogFormat } from "../log.ts";
import { readServed } from "../pack/artifact.ts";
import { defaultMemoryMb, type IsolateOptions, Isolates } from "../pool/isolates.ts";
import { dropThreadAhead, makeRealmAhead, threadBooted } from "../pool/thread_ahead.ts";
import { takeV8FlagsLater } from "../process_flags.ts";
import { startServer } from "../server/http.ts";
import type { Limits } from "../server/limits.ts";
import { Proxies } from "../server/proxies.ts";
import { RoutedWorkers } from "../server/routed_workers.ts";
import { Router } from "../server/router.ts";
import { testTriggers } from "../server/test_triggers.ts";
import { messageOf, UserError } from "../user_error.ts";
import { type Change, deployedAfter, deployedConfigs, deploymentHandlers } from "./deployer.ts";
import { inTurn } from "./in_turn.ts";
import { hasLauncher, tellLauncher } from "./launcher_link.ts";
import { type Planned, RunningWorkers } from "./running_workers.ts";
import { type SetUpWorker, tellOfNoPermissions } from "./set_up_workers.ts";
import { Stores } from "./stores.ts";

export interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly logFormat: LogFormat;
  readonly env?: string;
  /** The folder for what bindings keep. */
  readonly state?: string;
  /** Whether handlers for scheduled events can be called by requests. */
  readonly testScheduled?: boolean;
  /** The folder or URL of Pyodide's own wheels. */
  readonly wheels?: string;
  /** Whether Node's permission model holds for Workers' threads; so unless told otherwise. */
  readonly threadPermissions?: boolean;
  readonly maxBody?: number;
  readonly maxHead?: number;
  /** Seconds for a request's head to come. */
  readonly headTime?: number;
  readonly maxRequests?: number;
  readonly timeLimit?: number;
  /** Addresses and networks of proxies that are believed. */
  readonly trustedProxy?: readonly string[];
  readonly accessLog?: boolean;
  /** Where metrics are served; nowhere unless given. */
  readonly metricsPort?: number;
  /** The folder of what is deployed into this server, which takes no deployments unless given. */
  readonly deployments?: string;
  /** How many isolates are made ready before a Worker is asked first. */
  readonly warmIsolates?: number;
  /** Isolates of Workers at the same time; as many as the memory allows unless given. */
  readonly maxIsolates?: number;
  /** Workers that may share an isolate: one unless given. */
  readonly workersPerIsolate?: number;
  /** MiB of memory that the server may have; a part of the machine's unless given. */
  readonly maxMemory?: number;
  /** Seconds, after which a Worker that is asked nothing gives its isolate up. */
  readonly idleTime?: number;
}

/** Where one Worker is served, it starts at once. */
const usualWarm = 2;
/** How long answers, and what goes on in waitUntil, may take when the server stops. */
const stopMs = 5000;
/** Of more Workers, each starts when it is asked first. */
const mostAtOnce = 8;

function isolatesOf(options: ServeOptions, isShared: boolean): IsolateOptions {
  return {
    warm: options.warmIsolates ?? (isShared ? usualWarm : 0),
    most: options.maxIsolates,
    workersEach: options.workersPerIsolate ?? 1,
    memoryMb: options.maxMemory ?? defaultMemoryMb(),
    idleSeconds: options.idleTime,
  };
}

function limitsOf({ maxBody, maxHead, headTime, maxRequests, timeLimit }: ServeOptions): Partial<Limits> {
  return {
    ...(maxBody !== undefined && { bodyBytes: maxBody }),
    ...(maxHead !== undefined && { headBytes: maxHead }),
    ...(headTime !== undefined && { headSeconds: headTime }),
    ...(maxRequests !== undefined && { requests: maxRequests }),
    ...(timeLimit !== undefined && { seconds: timeLimit }),
  };
}

/** Which Workers a server has, as the begin of a sentence. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return "no Worker is";
  return names.length === 1 ? `the Worker ${names[0]} is` : `the Workers ${names.join(", ")} are`;
}

interface ControlledWorker {
  readonly name: string;
  readonly config: { readonly folder: string };
  readonly host: Pick<SetUpWorker["host"], "report">;
}

/** The channel of `blockon ps`. The server does its work without it too. */
export async function openControl(
  log: Log,
  url: string,
  workersNow: () => readonly ControlledWorker[],
  {
    isolates,
    ...changes
  }: {
    reload: () => Promise<readonly string[]>;
    deployments: DeploymentHandlers | undefined;
    isolates?: Isolates;
  },
): Promise<ControlServer | undefined> {
  const supervisor = hasLauncher ? process.ppid : null;
  const describe = async (stacks: boolean): Promise<ServerReport> => {
    const workers = workersNow();
    return {
      pid: process.pid,
      supervisor,
      url,
      name: workers.map(({ name }) => name).join(", ") || "no Worker",
      folder: workers.map(({ config }) => config.folder).join(", ") || "no folder",
      age: process.uptime(),
      ...(isolates !== undefined && { isolates: isolates.counts }),
      workers: await Promise.all(workers.map(({ host }) => host.report(stacks))),
    };
  };
  try {
    return await startControl({
      supervisor,
      describe,
      ...changes,
      onError: (error) => log.warn(`blockon ps could not be answered: ${error.message}`),
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    log.warn(`blockon ps will not find this server: ${error.message}`);
    return undefined;
  }
}

/** Begins to load the Workers' modules, unless they are many. @param told When the log may say what comes of it: it says first where the server is. */
async function startAll(log: Log, workers: readonly SetUpWorker[], most: number, told: Promise<void>): Promise<void> {
  if (workers.length > most) {
    await told;
    log.info(`${workers.length} Workers: each starts when it is asked first`);
    return;
  }
  const begin = performance.now();
  const which = (name: string): string => (workers.length === 1 ? "the Worker" : `the Worker ${name}`);
  const started = await Promise.all(
    workers.map(({ name, host }) =>
      host.start().then(
        () => true,
        async (error: unknown) => {
          await told;
          log.error(`${which(name)} could not be loaded; mend it and send a request to try again\n${messageOf(error)}`);
          return false;
        },
      ),
    ),
  );
  const ms = Math.round(performance.now() - begin);
  await told;
  if (started.every(Boolean)) log.info(`ready after ${ms} ms`);
}

/** What Node loads later in each start, from its own code cache: under other flags it would compile it. */
function loadForStart(): void {
  process.getBuiltinModule("node:cluster");
  performance.now();
}

/** Resolves when the server has stopped. Throws UserError before it starts. */
export async function serve(folders: readonly string[], options: ServeOptions): Promise<void> {
  takeV8FlagsLater(threadBooted);
  loadForStart();
  makeRealmAhead();
  const log = createLog(options.logFormat);
  // What was set up last is taken down first.
  await using cleanup = new AsyncDisposableStack();
  const stores = new Stores(log);
  cleanup.defer(() => stores.close());
  const { state, wheels, env, threadPermissions: permissions } = options;
  const proxies = options.trustedProxy === undefined ? undefined : new Proxies(options.trustedProxy);
  if (permissions === false) tellOfNoPermissions(log);
  const deployed = options.deployments === undefined ? undefined : new DeploymentFolder(options.deployments);
  cleanup.defer(() => deployed?.close());
  const own = folders.length === 0 && deployed === undefined ? ["."] : folders;
  const readAll = () => [
    ...own.map((folder) => readServed(folder, { env })),
    ...(deployed === undefined ? [] : deployedConfigs(deployed, env)),
  ];
  const isolates = new Isolates(isolatesOf(options, deployed !== undefined || own.length > 1), log);
  cleanup.defer(() => isolates.stop());
  const running = await RunningWorkers.begin(readAll(), { log, stores, state, wheels, permissions, isolates });
  /** What Workers were given may go on until then, when the server stops. */
  let stopsBy = 0;
  cleanup.defer(() => running.end(stopsBy));
  // Before that none is made ready any more.
  cleanup.defer(() => isolates.stop());
  const { workers } = running;
  const triggers = options.testScheduled === true ? testTriggers((text) => log.error(text)) : undefined;
  const measuring = options.metricsPort === undefined ? undefined : await import("../server/metrics.ts");
  const metrics = measuring && new measuring.Metrics(() => running.workers, isolates);
  const answering = new RoutedWorkers(new Router(workers), {
    triggers,
    onOpened: metrics && ((worker, opened) => metrics.opened(worker, opened)),
  });
  // Beside what is left to do here: their threads have more.
  const told = Promise.withResolvers<void>();
  const most = Math.min(mostAtOnce, options.maxIsolates ?? mostAtOnce);
  void startAll(log, workers, most, told.promise).then(dropThreadAhead);
  const server = await startServer(answering, log, {
    port: options.port,
    host: options.host,
    limits: limitsOf(options),
    proxies,
    accessLog: options.accessLog === true,
    ...(metrics && { onAnswered: (status: number | undefined) => metrics.answered(status) }),
  });
  cleanup.defer(() => server.close());
  const turn = inTurn();
  const changeTo = (planned: readonly Planned[], commit?: () => void): Promise<void> =>
    running.change(planned, (next) => {
      const router = new Router(next);
      commit?.();
      answering.replace(router);
    });
  const reload = (): Promise<readonly string[]> =>
    turn(async () => {
      await changeTo(readAll());
      const names = running.workers.map(({ name }) => name);
      log.info(`reloaded: ${names.join(", ")}`);
      return names;
    });
  const takesFor = (folder: DeploymentFolder): DeploymentHandlers => {
    const swap = (change: Change, commit: () => void): Promise<void> => {
      const kept = running.workers.slice(0, own.length);
      return changeTo([...kept, ...deployedAfter(folder, env, change, running.workers.slice(own.length))], commit);
    };
    return deploymentHandlers(folder, { env, swap, turn, replaced: running, log });
  };
  const deployments = deployed && takesFor(deployed);
  const control = await openControl(log, server.url, () => running.workers, { reload, deployments, isolates });
  cleanup.defer(() => control?.close());
  if (measuring !== undefined && metrics !== undefined) {
    const measured = await measuring.serveMetrics(metrics, options.host, options.metricsPort ?? 0);
    cleanup.defer(() => measured.close());
    log.info(`metrics are at ${measured.url}`);
  }
  const stop = new Promise<string>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"]) process.once(name, resolve);
  });
  const upstreams = workers.map(({ upstream }) => upstream?.url).filter((url) => url !== undefined);
  const beside = upstreams.length === 0 ? "" : `, its upstream on ${upstreams.join(", ")}`;
  const takes = deployed === undefined ? "" : `, deployments are in ${deployed.root}`;
  log.info(`${listed(workers.map(({ name }) => name))} on ${server.url}${beside}${takes}`);
  // To the launcher, if there is one: from now on it is no fault of the command's if this ends.
  tellLauncher("listening");
  told.resolve();
  log.info(`${await stop}: stopping`);
  stopsBy = performance.now() + stopMs;
}
