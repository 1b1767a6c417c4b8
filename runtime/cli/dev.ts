// blockon dev: one Worker for its author. It is loaded anew when a file is saved; what it fails with is shown, here and to the client.
import { usesQueues } from "../config/queues.ts";
import { readWorkerConfig, type WorkerConfig } from "../config/wrangler.ts";
import { LiveWorker, type Setup } from "../dev/live_worker.ts";
import { TerminalLines } from "../dev/terminal_lines.ts";
import { shortTraceback } from "../dev/traceback.ts";
import { type Change, watchFolder } from "../dev/watch.ts";
import { LineSplitter } from "../line_splitter.ts";
import { createLog, type Log, type LogFormat } from "../log.ts";
import { maskOf } from "../mask.ts";
import { guestTree, ownFiles, workerMount } from "../packages/guest_files.ts";
import { plainText } from "../plain_text.ts";
import type { QueueConsumer } from "../pool/queue_consumer.ts";
import { startServer } from "../server/http.ts";
import { RoutedWorkers } from "../server/routed_workers.ts";
import { Router } from "../server/router.ts";
import { testTriggers } from "../server/test_triggers.ts";
import { messageOf, UserError } from "../user_error.ts";
import { stateFolder, workerOptions } from "./create_worker.ts";
import { preparePackages } from "./prepare_packages.ts";
import { openControl } from "./serve.ts";
import { consumersOf, startUpstream, tellOfNoPermissions } from "./set_up_workers.ts";
import { Stores } from "./stores.ts";

export interface DevOptions {
  readonly port: number;
  readonly host: string;
  readonly logFormat: LogFormat;
  readonly env?: string;
  readonly state?: string;
  readonly fullTracebacks?: boolean;
  /** Whether Node's permission model holds for the Worker's thread; so unless told otherwise. */
  readonly threadPermissions?: boolean;
}

const plainLines = (text: string): string => text.split("\n").map(plainText).join("\n");

interface Beside {
  readonly log: Log;
  readonly stores: Stores;
  readonly state: string | undefined;
  readonly vars: WorkerConfig["vars"];
  readonly terminal: TerminalLines;
  readonly permissions: boolean | undefined;
}

/** Throws UserError. */
async function setUp(
  config: WorkerConfig,
  { log, stores, state, vars, terminal, permissions }: Beside,
): Promise<Setup> {
  for (const warning of config.warnings) log.warn(warning);
  if (config.requestIsolation !== undefined) {
    log.warn('isolation = "request" holds for blockon serve: here one interpreter answers until a file is saved');
  }
  const folder = stateFolder(config, state);
  const kv = Object.keys(config.kv).length > 0 ? await stores.kv.open(folder) : undefined;
  const queues = usesQueues(config.queues) ? await stores.queues.open(folder) : undefined;
  const packages = await preparePackages(config, undefined, log);
  const mask = maskOf(Object.values(config.secrets));
  const lines = {
    stdout: new LineSplitter((line) => log.info(plainText(mask(line)))),
    stderr: new LineSplitter((line) => log.warn(plainText(mask(line)))),
  };
  // A line of the terminal is waited for.
  const hasTerminal = config.python.runs.blocking === "all";
  const options = () => ({ ...workerOptions(config, { packages, vars, kv, queues }), terminal: hasTerminal });
  return {
    handlers: {
      name: config.name,
      permissions,
      mask,
      limits: config.limits,
      onLog: (level, text) => log[level](plainLines(text)),
      onOutput: (stream, text) => lines[stream].write(text),
      onLine: () => {
        // A prompt has no end of its line.
        for (const each of Object.values(lines)) each.flush();
        return terminal.line();
      },
    },
    whole: options,
    bare: () => {
      const { files, images, path } = guestTree(undefined, packages);
      return { ...options(), files, images, path: [workerMount, ...path], main: "" };
    },
    main: `${workerMount}/${config.main}`,
    files: () => ownFiles(config.folder, config.assets?.directory),
  };
}

/** Resolves when the server has stopped. Throws UserError before it starts. */
export async function dev(folder: string, options: DevOptions): Promise<void> {
  const log = createLog(options.logFormat);
  if (options.threadPermissions === false) tellOfNoPermissions(log);
  // What was set up last is taken down first.
  await using cleanup = new AsyncDisposableStack();
  const stores = new Stores(log);
  cleanup.defer(() => stores.close());
  const read = (): WorkerConfig => readWorkerConfig(folder, { env: options.env });
  let config = read();
  const upstream = await startUpstream(config);
  cleanup.defer(() => upstream?.close());
  const terminal = new TerminalLines(process.stdin);
  cleanup.defer(() => terminal.close());
  const beside: Beside = {
    log,
    terminal,
    stores,
    state: options.state,
    vars: upstream === undefined ? {} : { DEV_UPSTREAM: upstream.url },
    permissions: options.threadPermissions,
  };
  const live = new LiveWorker(await setUp(config, beside), {
    present: (text) => plainLines(options.fullTracebacks === true ? text : shortTraceback(text)),
    onLoaded: (milliseconds) => log.info(`loaded in ${Math.round(milliseconds)} ms`),
    onFailed: (what, text) => log.error(`${plainText(what)}\n${text}`),
  });
  cleanup.defer(() => live.stop());

  let consumers: readonly QueueConsumer[] = [];
  const stopConsumers = (): void => {
    for (const consumer of consumers) consumer.stop();
  };
  cleanup.defer(stopConsumers);
  const consume = async (): Promise<void> => {
    stopConsumers();
    consumers = [];
    if (config.queues.consumers.length === 0) return;
    consumers = consumersOf(config, live, await stores.queues.open(stateFolder(config, options.state)), log);
    for (const consumer of consumers) consumer.start();
  };
  await consume();

  let changes = Promise.resolve();
  const setUpAgain = async (): Promise<void> => {
    config = read();
    live.setUp(await setUp(config, beside));
    await consume();
  };
  const setUpOrTell = async (): Promise<void> => {
    try {
      await setUpAgain();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      live.fail("the Worker cannot be set up; mend it and save", plainLines(`${error.message}\n${error.detail ?? ""}`));
    }
  };
  const onChange = ({ files, isSetup }: Change): void => {
    log.info(
      `changed: ${plainText(files.slice(0, 3).join(", "))}${files.length > 3 ? ` and ${files.length - 3} more` : ""}`,
    );
    // One behind the other: what is read last stays.
    changes = changes.then(() => (isSetup ? setUpOrTell() : live.reload()));
    changes.catch((error: unknown) => log.error(messageOf(error)));
  };
  const watching = await watchFolder(config.folder, onChange, (text) => log.error(text));
  cleanup.defer(() => watching.close());

  const served = {
    name: config.name,
    routes: [],
    host: live,
    get assets() {
      return config.assets;
    },
  };
  const triggers = testTriggers((text) => log.error(text));
  const answering = new RoutedWorkers(new Router([served]), { triggers });
  const server = await startServer(answering, log, { port: options.port, host: options.host, accessLog: true });
  cleanup.defer(() => server.close());
  const control = await openControl(log, server.url, () => [{ name: config.name, config, host: live }], {
    reload: async () => {
      await setUpAgain();
      return [config.name];
    },
    deployments: undefined,
  });
  cleanup.defer(() => control?.close());
  log.info(`the Worker ${config.name} is on ${server.url} and is loaded anew when a file is saved`);
  const signal = await new Promise<string>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"]) process.once(name, resolve);
  });
  log.info(`${signal}: stopping`);
}
