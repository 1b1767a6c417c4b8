// blockon serve: one Worker behind an HTTP server, until it is told to stop.
import path from "node:path";
import { KvStores } from "../bindings/kv/store.ts";
import { readWorkerConfig, type WorkerConfig } from "../config/wrangler.ts";
import type { ServerReport } from "../control/report.ts";
import { type ControlServer, startControl } from "../control/server.ts";
import { LineSplitter } from "../line_splitter.ts";
import { createLog, type Log, type LogFormat } from "../log.ts";
import { maskOf } from "../mask.ts";
import { packageFolder } from "../packages/python_packages.ts";
import type { WorkerHost, WorkerHostOptions } from "../pool/worker_host.ts";
import { startServer } from "../server/http.ts";
import { messageOf, UserError } from "../user_error.ts";
import { type Companion, startCompanion } from "./companion.ts";
import { createWorker, stateFolder } from "./create_worker.ts";

export interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly logFormat: LogFormat;
  readonly env?: string;
  /** The folder for what bindings keep. */
  readonly state?: string;
}

/** The module that [blockon] dev_upstream names: `start()` gives its URL, which is the binding DEV_UPSTREAM. */
async function startUpstream(config: WorkerConfig): Promise<Companion | undefined> {
  if (config.devUpstream === undefined) return undefined;
  const file = path.join(config.folder, config.devUpstream);
  try {
    return await startCompanion(file);
  } catch (error) {
    throw new UserError(`${file}: the upstream cannot be started: ${messageOf(error)}`, { cause: error });
  }
}

/** What a Worker logs and writes, as lines of the log. */
function guestLog(log: Log, config: WorkerConfig): Pick<WorkerHostOptions, "onLog" | "onOutput"> {
  const guest = log.child({ worker: config.name });
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

/** The channel of `blockon ps`. The server does its work without it too. */
async function openControl(
  log: Log,
  config: WorkerConfig,
  url: string,
  worker: WorkerHost,
): Promise<ControlServer | undefined> {
  // The launcher is there as long as its channel is.
  const supervisor = process.channel === undefined ? null : process.ppid;
  const describe = async (stacks: boolean): Promise<ServerReport> => ({
    pid: process.pid,
    supervisor,
    url,
    name: config.name,
    folder: config.folder,
    age: process.uptime(),
    workers: [await worker.report(stacks)],
  });
  try {
    return await startControl({
      supervisor,
      describe,
      onError: (error) => log.warn(`blockon ps could not be answered: ${error.message}`),
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    log.warn(`blockon ps will not find this server: ${error.message}`);
    return undefined;
  }
}

/** What a Worker has beside it while it is served. */
async function setUp(
  config: WorkerConfig,
  log: Log,
  stores: KvStores,
  cleanup: AsyncDisposableStack,
  options: ServeOptions,
): Promise<{ worker: WorkerHost; upstream: Companion | undefined }> {
  for (const warning of config.warnings) log.warn(warning);
  if (config.secretFiles.length > 0) {
    const count = Object.keys(config.secrets).length;
    log.info(`${count} ${count === 1 ? "secret" : "secrets"} of ${config.secretFiles.join(", ")}`);
  }
  const hasKv = Object.keys(config.kv).length > 0;
  const kv = hasKv ? await stores.open(stateFolder(config, options.state)) : undefined;
  const packages = await packageFolder(config.folder, () => log.info("installing the Worker's Python packages"));
  const upstream = await startUpstream(config);
  if (upstream !== undefined) cleanup.defer(() => upstream.close());
  const vars = upstream === undefined ? {} : { DEV_UPSTREAM: upstream.url };
  const worker = createWorker(config, { packages, vars, kv, ...guestLog(log, config) });
  cleanup.defer(() => worker.stop());
  return { worker, upstream };
}

/** Resolves when the server has stopped. Throws UserError before it starts. */
export async function serve(folder: string, options: ServeOptions): Promise<void> {
  const log = createLog(options.logFormat);
  // What was set up last is taken down first.
  await using cleanup = new AsyncDisposableStack();
  const stores = new KvStores((text) => log.error(text));
  cleanup.defer(() => stores.close());
  const config = readWorkerConfig(folder, { env: options.env });
  const { worker, upstream } = await setUp(config, log, stores, cleanup, options);
  const server = await startServer(worker, log, options);
  cleanup.defer(() => server.close());
  const control = await openControl(log, config, server.url, worker);
  cleanup.defer(() => control?.close());
  const begin = performance.now();
  log.info(`the Worker ${config.name} is on ${server.url}${upstream ? `, its upstream on ${upstream.url}` : ""}`);
  worker.start().then(
    () => log.info(`ready after ${Math.round(performance.now() - begin)} ms`),
    (error: unknown) =>
      log.error(`the Worker could not be loaded; mend it and send a request to try again\n${messageOf(error)}`),
  );
  const signal = await new Promise<string>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"]) process.once(name, resolve);
  });
  log.info(`${signal}: stopping`);
}
