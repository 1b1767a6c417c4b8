// blockon dev: Workers for their author. Each is loaded anew when a file of it is saved; what it fails with is shown, here and to the client.
import { readWorkerConfig } from "../config/wrangler.ts";
import { TerminalLines } from "../dev/terminal_lines.ts";
import { createLog, type LogFormat } from "../log.ts";
import { startServer } from "../server/http.ts";
import { RoutedWorkers, type ServedWorker } from "../server/routed_workers.ts";
import { Router } from "../server/router.ts";
import { testTriggers } from "../server/test_triggers.ts";
import { checkDev, DevWorker } from "./dev_worker.ts";
import { listed, openControl } from "./serve.ts";
import { tellOfNoPermissions } from "./set_up_workers.ts";
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

/** Throws UserError when two have the same route. */
function routerOf(workers: readonly Pick<DevWorker, "config" | "host">[]): Router<ServedWorker> {
  return new Router(workers.map(({ config: { name, routes, assets }, host }) => ({ name, routes, assets, host })));
}

/** Resolves when the server has stopped. Throws UserError before it starts. */
export async function dev(folders: readonly string[], options: DevOptions): Promise<void> {
  const log = createLog(options.logFormat);
  if (options.threadPermissions === false) tellOfNoPermissions(log);
  // What was set up last is taken down first.
  await using cleanup = new AsyncDisposableStack();
  const stores = new Stores(log);
  cleanup.defer(() => stores.close());
  const configs = (folders.length === 0 ? ["."] : folders).map((folder) =>
    readWorkerConfig(folder, { env: options.env }),
  );
  checkDev(configs, log);
  const terminal = new TerminalLines(process.stdin);
  cleanup.defer(() => terminal.close());
  const workers: DevWorker[] = [];
  const settings = {
    stores,
    terminal,
    state: options.state,
    env: options.env,
    permissions: options.threadPermissions,
    fullTracebacks: options.fullTracebacks === true,
    peers: (name: string) => workers.find((worker) => worker.name === name)?.host,
  };
  for (const config of configs) {
    const own = configs.length === 1 ? log : log.child({ worker: config.name });
    const worker = await DevWorker.begin(config, own, settings);
    cleanup.defer(() => worker.stop());
    workers.push(worker);
  }
  const triggers = testTriggers((text) => log.error(text));
  const answering = new RoutedWorkers(routerOf(workers), { triggers });
  for (const worker of workers) {
    await worker.watch({
      check: (config) => {
        const next = workers.map((each) => (each === worker ? { config, host: each.host } : each));
        checkDev(
          next.map((each) => each.config),
          log,
        );
        routerOf(next);
      },
      changed: () => answering.replace(routerOf(workers)),
    });
  }
  const server = await startServer(answering, log, { port: options.port, host: options.host, accessLog: true });
  cleanup.defer(() => server.close());
  const control = await openControl(log, server.url, () => workers, {
    reload: async () => {
      for (const worker of workers) await worker.setUpAgain();
      return workers.map(({ name }) => name);
    },
    deployments: undefined,
  });
  cleanup.defer(() => control?.close());
  const verb = configs.length === 1 ? "is" : "are";
  const which = listed(configs.map(({ name }) => name));
  log.info(`${which} on ${server.url} and ${verb} loaded anew when a file is saved`);
  const signal = await new Promise<string>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"]) process.once(name, resolve);
  });
  log.info(`${signal}: stopping`);
}
