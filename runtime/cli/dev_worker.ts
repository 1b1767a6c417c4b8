// One of the Workers of blockon dev: what its configuration says, its files as they are saved, and what it has beside it.
import { checkServices } from "../config/service_bindings.ts";
import { readWorkerConfig, type WorkerConfig } from "../config/wrangler.ts";
import { LiveWorker, type Setup } from "../dev/live_worker.ts";
import type { TerminalLines } from "../dev/terminal_lines.ts";
import { shortTraceback } from "../dev/traceback.ts";
import { type Change, watchFolder } from "../dev/watch.ts";
import { LineSplitter } from "../line_splitter.ts";
import type { Log } from "../log.ts";
import { maskOf } from "../mask.ts";
import { guestTree, ownFiles, workerMount } from "../packages/guest_files.ts";
import { plainText } from "../plain_text.ts";
import type { QueueConsumer } from "../pool/queue_consumer.ts";
import { type Peers, serviceCalls } from "../pool/service_calls.ts";
import { Sandboxes } from "../sandbox/sandboxes.ts";
import { messageOf, UserError } from "../user_error.ts";
import { answerCalls } from "./answer_calls.ts";
import { sandboxLimits, stateFolder, workerOptions } from "./create_worker.ts";
import { preparePackages } from "./prepare_packages.ts";
import { byName, consumersOf, startUpstream } from "./set_up_workers.ts";
import type { Stores } from "./stores.ts";

export interface DevSettings {
  readonly stores: Stores;
  /** The folder for what bindings keep, in place of the Worker's own. */
  readonly state: string | undefined;
  readonly env: string | undefined;
  readonly terminal: TerminalLines;
  readonly permissions: boolean | undefined;
  readonly fullTracebacks: boolean;
  /** The Workers that its bindings lead to, by their names. */
  readonly peers: Peers;
}

/** The Workers that it is among. */
export interface Beside {
  /** Throws UserError when the configuration that was read anew does not go with theirs. */
  check(config: WorkerConfig): void;
  /** Its configuration is another. */
  changed(): void;
}

const plainLines = (text: string): string => text.split("\n").map(plainText).join("\n");

export class DevWorker {
  readonly host: LiveWorker;
  readonly #log: Log;
  readonly #settings: DevSettings;
  readonly #vars: WorkerConfig["vars"];
  #config: WorkerConfig;
  #consumers: readonly QueueConsumer[] = [];
  /** One behind the other: what is read last stays. */
  #changes = Promise.resolve();
  #beside: Beside = { check() {}, changed() {} };
  readonly #cleanup = new AsyncDisposableStack();

  private constructor(config: WorkerConfig, log: Log, settings: DevSettings, vars: WorkerConfig["vars"], setup: Setup) {
    this.#config = config;
    this.#log = log;
    this.#settings = settings;
    this.#vars = vars;
    this.host = new LiveWorker(setup, {
      present: (text) => plainLines(settings.fullTracebacks ? text : shortTraceback(text)),
      onLoaded: (milliseconds) => log.info(`loaded in ${Math.round(milliseconds)} ms`),
      onFailed: (what, text) => log.error(`${plainText(what)}\n${text}`),
    });
  }

  /** Sets it up, and starts it. Throws UserError. */
  static async begin(config: WorkerConfig, log: Log, settings: DevSettings): Promise<DevWorker> {
    await using cleanup = new AsyncDisposableStack();
    const upstream = await startUpstream(config);
    cleanup.defer(() => upstream?.close());
    const vars = upstream === undefined ? {} : { DEV_UPSTREAM: upstream.url };
    const worker = new DevWorker(config, log, settings, vars, await setUp(config, log, settings, vars));
    cleanup.defer(() => worker.host.stop());
    cleanup.defer(() => worker.#stopConsumers());
    await worker.#consume();
    worker.#cleanup.use(cleanup.move());
    return worker;
  }

  get name(): string {
    return this.#config.name;
  }

  get config(): WorkerConfig {
    return this.#config;
  }

  /** Loads it anew when its files are saved, from now on. */
  async watch(beside: Beside): Promise<void> {
    this.#beside = beside;
    const onChange = ({ files, isSetup }: Change): void => {
      const more = files.length > 3 ? ` and ${files.length - 3} more` : "";
      this.#log.info(`changed: ${plainText(files.slice(0, 3).join(", "))}${more}`);
      this.#changes = this.#changes.then(() => (isSetup ? this.#setUpOrTell() : this.host.reload()));
      this.#changes.catch((error: unknown) => this.#log.error(messageOf(error)));
    };
    const watching = await watchFolder(this.#config.folder, onChange, (text) => this.#log.error(text));
    this.#cleanup.defer(() => watching.close());
  }

  /** By its configuration as it is now. Throws UserError. */
  async setUpAgain(): Promise<void> {
    const config = readWorkerConfig(this.#config.folder, { env: this.#settings.env });
    this.#beside.check(config);
    const setup = await setUp(config, this.#log, this.#settings, this.#vars);
    this.#config = config;
    this.host.setUp(setup);
    this.#beside.changed();
    await this.#consume();
  }

  async stop(): Promise<void> {
    await this.#cleanup.disposeAsync();
  }

  async #setUpOrTell(): Promise<void> {
    try {
      await this.setUpAgain();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const text = plainLines(`${error.message}\n${error.detail ?? ""}`);
      this.host.fail("the Worker cannot be set up; mend it and save", text);
    }
  }

  #stopConsumers(): void {
    for (const consumer of this.#consumers) consumer.stop();
    this.#consumers = [];
  }

  async #consume(): Promise<void> {
    this.#stopConsumers();
    const config = this.#config;
    if (config.queues.consumers.length === 0) return;
    const queues = await this.#settings.stores.queues.open(stateFolder(config, this.#settings.state));
    this.#consumers = consumersOf(config, this.host, queues, this.#log);
    for (const consumer of this.#consumers) consumer.start();
  }
}

/** Throws UserError when they cannot be together. One that a binding leads to may be missing: who calls it is told so then, and the log now. */
export function checkDev(configs: readonly WorkerConfig[], log: Log): void {
  const names = byName(configs);
  for (const { serviceBindings } of configs) {
    try {
      checkServices(serviceBindings, names, "blockon dev");
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      log.warn(error.message);
    }
  }
}

/** Throws UserError. */
async function setUp(
  config: WorkerConfig,
  log: Log,
  { stores, state, terminal, permissions, peers }: DevSettings,
  vars: WorkerConfig["vars"],
): Promise<Setup> {
  for (const warning of config.warnings) log.warn(warning);
  if (config.requestIsolation !== undefined) {
    log.warn('isolation = "request" holds for blockon serve: here one interpreter answers until a file is saved');
  }
  const { kv, queues } = await stores.openFor(config, stateFolder(config, state));
  const packages = await preparePackages(config, undefined, log);
  const mask = maskOf(Object.values(config.secrets));
  const lines = {
    stdout: new LineSplitter((line) => log.info(plainText(mask(line)))),
    stderr: new LineSplitter((line) => log.warn(plainText(mask(line)))),
  };
  const logs: Pick<Setup["handlers"], "onLog" | "onOutput"> = {
    onLog: (level, text) => log[level](plainLines(text)),
    onOutput: (stream, text) => lines[stream].write(text),
  };
  const sandboxes = config.sandbox && new Sandboxes(config, config.sandbox, { packages, permissions, ...logs });
  // A line of the terminal is waited for.
  const hasTerminal = config.python.runs.blocking === "all";
  const options = () => ({
    ...workerOptions(config, { packages, vars, kv, queues }),
    terminal: hasTerminal,
    sandbox: sandboxLimits(config),
  });
  return {
    handlers: {
      name: config.name,
      permissions,
      mask,
      limits: config.limits,
      ...logs,
      onLine: () => {
        // A prompt has no end of its line.
        for (const each of Object.values(lines)) each.flush();
        return terminal.line();
      },
      onCall: answerCalls(
        sandboxes,
        serviceCalls(config.serviceBindings, config.name, peers, (_, text) => log.info(plainLines(text))),
      ),
    },
    whole: options,
    bare: () => {
      const { files, images, path } = guestTree(undefined, packages);
      return { ...options(), files, images, path: [workerMount, ...path], main: "" };
    },
    main: `${workerMount}/${config.main}`,
    files: () => ownFiles(config.folder, config.assets?.directory),
    end: async () => {
      await sandboxes?.stop();
    },
  };
}
