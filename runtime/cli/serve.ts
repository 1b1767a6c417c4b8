// blockon serve: one Worker behind an HTTP server, until it is told to stop.
import path from "node:path";
import { readWorkerConfig, type WorkerConfig } from "../config/wrangler.ts";
import type { ServerReport } from "../control/report.ts";
import { type ControlServer, startControl } from "../control/server.ts";
import { LineSplitter } from "../line_splitter.ts";
import { createLog, type Log, type LogFormat } from "../log.ts";
import { guestTree, workerMount } from "../packages/guest_files.ts";
import { packageFolder } from "../packages/python_packages.ts";
import { WorkerHost, type WorkerHostOptions } from "../pool/worker_host.ts";
import { startServer } from "../server/http.ts";
import { messageOf, UserError } from "../user_error.ts";
import { type Companion, startCompanion } from "./companion.ts";

export interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly logFormat: LogFormat;
  readonly env?: string;
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

/** A Worker that is not started yet. */
export function createWorker(
  config: WorkerConfig,
  packages: string | undefined,
  vars: WorkerConfig["vars"],
  output: Pick<WorkerHostOptions, "onLog" | "onOutput">,
): WorkerHost {
  return new WorkerHost({
    name: config.name,
    ...output,
    describe: () => ({
      name: config.name,
      main: `${workerMount}/${config.main}`,
      folder: workerMount,
      ...guestTree(config.folder, packages),
      features: [...config.compatibility.features],
      env: vars,
      pythonEnv: {},
      runSync: config.compatibility.features.has("python_run_sync"),
      maxFibers: config.maxFibers,
      preemptTasks: config.preemptTasks,
      outbound: config.outbound,
      services: config.services,
      outboundFetch: config.outboundFetch,
      deadlockWarningSeconds: config.deadlockWarningSeconds,
      threadGraceSeconds: config.threadGraceSeconds,
    }),
  });
}

/** What a Worker logs and writes, as lines of the log. */
function guestLog(log: Log, name: string): Pick<WorkerHostOptions, "onLog" | "onOutput"> {
  const guest = log.child({ worker: name });
  const lines = {
    stdout: new LineSplitter((line) => guest.info(line)),
    stderr: new LineSplitter((line) => guest.warn(line)),
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

/** Resolves when the server has stopped. Throws UserError before it starts. */
export async function serve(folder: string, options: ServeOptions): Promise<void> {
  const log = createLog(options.logFormat);
  const config = readWorkerConfig(folder, { env: options.env });
  for (const warning of config.warnings) log.warn(warning);
  const packages = await packageFolder(config.folder, () => log.info("installing the Worker's Python packages"));
  const upstream = await startUpstream(config);
  const vars = upstream === undefined ? config.vars : { ...config.vars, DEV_UPSTREAM: upstream.url };
  const worker = createWorker(config, packages, vars, guestLog(log, config.name));
  const server = await startServer(worker, log, options).catch(async (error: unknown) => {
    await upstream?.close();
    throw error;
  });

  const control = await openControl(log, config, server.url, worker);
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
  await server.close();
  await control?.close();
  await worker.stop();
  await upstream?.close();
}
