// A Worker whose module is loaded anew when its files change, without a break for who asks meanwhile.
//
//   version 1  started with the Worker   ... answers, until there is a version 2, then what it has under way, then ends
//   spare      started beside it: Python and packages are there, the Worker's files are not
//   a change   the spare gets the files and loads the module: version 2. Requests that come now wait for it. The next spare starts.
//
// A version whose module cannot be loaded answers with the reason.
import { noUsage, type WorkerReport } from "../control/report.ts";
import type { GuestRequest, GuestResponse } from "../pool/exchange.ts";
import { EventError, type GuestEvent } from "../pool/guest_events.ts";
import { WorkerFailedError, type WorkerHostOptions } from "../pool/host_options.ts";
import { WorkerHost } from "../pool/worker_host.ts";
import type { Opened } from "../server/http.ts";
import { messageOf } from "../user_error.ts";
import type { GuestFile } from "../worker/protocol.ts";
import { errorResponse } from "./error_page.ts";

type Description = ReturnType<WorkerHostOptions["describe"]>;

/** A Worker as its configuration has it. */
export interface Setup {
  readonly handlers: Omit<WorkerHostOptions, "describe">;
  /** With the Worker's files and module. */
  readonly whole: () => Description;
  /** Without. */
  readonly bare: () => Description;
  readonly main: string;
  readonly files: () => readonly GuestFile[];
  /** Ends what it has beside its interpreters, when they have ended. */
  readonly end: () => Promise<void>;
}

export interface LiveOptions {
  /** Texts of the Worker's errors as they are shown. */
  readonly present: (text: string) => string;
  readonly onLoaded: (milliseconds: number) => void;
  readonly onFailed: (what: string, text: string) => void;
}

interface Version {
  readonly host: WorkerHost | undefined;
  /** Resolves with why it cannot be loaded, if it cannot. */
  readonly loaded: Promise<string | undefined>;
}

const pollMs = 100;
/** How long a version that was replaced goes on with what it was asked. */
const mostRetiredMs = 30_000;
/** What is given to ctx.waitUntil goes on behind the answers. */
const leastRetiredMs = 2000;

function textOf(error: unknown): string {
  return error instanceof EventError ? error.text : messageOf(error);
}

export class LiveWorker {
  readonly #options: LiveOptions;
  #setup: Setup;
  #version: Version;
  #spare: WorkerHost | undefined;
  /** Modules of packages and the library that the last version had imported. */
  #modules: readonly string[] = [];
  readonly #retired = new Set<WorkerHost>();
  /** Of setups that were replaced. */
  readonly #ending = new Set<Promise<void>>();
  #stopped = false;

  constructor(setup: Setup, options: LiveOptions) {
    this.#setup = setup;
    this.#options = options;
    const host = new WorkerHost({ ...setup.handlers, describe: setup.whole });
    this.#version = this.#begin(host, () => this.#startWhole(host));
  }

  /** The Worker's files have changed. */
  reload(): void {
    const host = this.#spare ?? this.#newSpare();
    this.#spare = undefined;
    this.#replace(this.#begin(host, () => this.#load(host)));
  }

  /** Its configuration or its packages have changed. */
  setUp(setup: Setup): void {
    const replaced = this.#setup;
    this.#setup = setup;
    this.#dropSpare();
    const host = new WorkerHost({ ...setup.handlers, describe: setup.whole });
    this.#replace(this.#begin(host, () => this.#startWhole(host)));
    const ending = this.#endBehind(replaced, [...this.#retired]);
    this.#ending.add(ending);
    void ending.finally(() => this.#ending.delete(ending));
  }

  /** There is no such configuration: requests are told why. */
  fail(what: string, text: string): void {
    this.#options.onFailed(what, text);
    this.#replace({ host: undefined, loaded: Promise.resolve(text) });
  }

  open(request: GuestRequest): Opened {
    return new WhenLoaded(this.#current(), request, (what, error) => {
      const text = this.#options.present(textOf(error));
      this.#options.onFailed(`${request.method} ${new URL(request.url).pathname}: ${what}`, text);
      return errorResponse(request, what, text);
    });
  }

  /** Rejects when it cannot be loaded. */
  async start(): Promise<void> {
    const { host, failure } = await this.#current();
    if (host === undefined || failure !== undefined) throw new WorkerFailedError(failure ?? "it cannot be set up");
  }

  /** Whether the version that answers does something. */
  get isOccupied(): boolean {
    return this.#version.host?.isOccupied === true;
  }

  async send(event: GuestEvent): Promise<Uint8Array> {
    const { host, failure } = await this.#current();
    if (host === undefined || failure !== undefined) throw new WorkerFailedError(failure ?? "it cannot be set up");
    return host.send(event);
  }

  /** Of the version that answers. */
  async report(stacks: boolean): Promise<WorkerReport> {
    const { host } = this.#version;
    if (host !== undefined) return host.report(stacks);
    const { name } = this.#setup.handlers;
    return {
      name,
      state: "not started",
      requests: 0,
      detail: "it cannot be set up",
      usage: noUsage,
      live: null,
      fibers: [],
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const hosts = [this.#version.host, this.#spare, ...this.#retired].filter((host) => host !== undefined);
    await Promise.all(hosts.map((host) => host.stop()));
    await Promise.all([this.#setup.end(), ...this.#ending]);
  }

  /** The newest version, when it is loaded or has failed to. */
  async #current(): Promise<{ readonly host: WorkerHost | undefined; readonly failure: string | undefined }> {
    for (;;) {
      const version = this.#version;
      const failure = await version.loaded;
      if (version === this.#version) return { host: version.host, failure };
    }
  }

  #begin(host: WorkerHost, load: () => Promise<void>): Version {
    const begin = performance.now();
    const loaded = load().then(
      () => undefined,
      (error: unknown) => this.#options.present(textOf(error)),
    );
    const version = { host, loaded };
    void loaded.then((failure) => {
      // Another has taken its place, or all ends.
      if (this.#version !== version || this.#stopped) return;
      if (failure === undefined) this.#options.onLoaded(performance.now() - begin);
      else this.#options.onFailed("the Worker cannot be loaded; mend it and save", failure);
      this.#spare ??= this.#newSpare();
    });
    return version;
  }

  async #startWhole(host: WorkerHost): Promise<void> {
    await host.start();
    this.#modules = await this.#tell(host, { main: "", preload: [], files: [] });
  }

  async #load(host: WorkerHost): Promise<void> {
    this.#modules = await this.#tell(host, { main: this.#setup.main, preload: [], files: this.#setup.files() });
  }

  async #tell(
    host: WorkerHost,
    what: { readonly main: string; readonly preload: readonly string[]; readonly files: readonly GuestFile[] },
  ): Promise<readonly string[]> {
    const bytes = await host.send({ event: "load", json: JSON.stringify(what), bytes: null });
    return JSON.parse(new TextDecoder().decode(bytes)) as string[];
  }

  #newSpare(): WorkerHost {
    const setup = this.#setup;
    let starts = 0;
    // A version that is lost is started again as a whole.
    const describe = (): Description => (starts++ === 0 ? setup.bare() : setup.whole());
    const host = new WorkerHost({ ...setup.handlers, describe });
    const preload = this.#modules;
    this.#tell(host, { main: "", preload, files: [] }).catch((error: unknown) => {
      if (this.#spare !== host) return;
      this.#spare = undefined;
      if (!this.#stopped) this.#options.onFailed("the next version cannot be prepared", textOf(error));
    });
    return host;
  }

  #dropSpare(): void {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) void this.#retire(spare);
  }

  #replace(version: Version): void {
    const { host } = this.#version;
    this.#version = version;
    if (host !== undefined) void this.#retire(host);
  }

  async #endBehind(setup: Setup, hosts: readonly WorkerHost[]): Promise<void> {
    while (hosts.some((host) => this.#retired.has(host))) await new Promise((resolve) => setTimeout(resolve, pollMs));
    await setup.end();
  }

  async #retire(host: WorkerHost): Promise<void> {
    this.#retired.add(host);
    const begin = performance.now();
    const isDue = (): boolean => {
      const passed = performance.now() - begin;
      return passed > mostRetiredMs || (passed > leastRetiredMs && host.underWay === 0);
    };
    while (!isDue() && !this.#stopped) await new Promise((resolve) => setTimeout(resolve, pollMs));
    await host.stop();
    this.#retired.delete(host);
  }
}

/** A request that waits for a version. */
class WhenLoaded implements Opened {
  readonly response: Promise<GuestResponse>;
  #opened: Opened | undefined;
  #cancelled: string | undefined;

  constructor(
    current: Promise<{ readonly host: WorkerHost | undefined; readonly failure: string | undefined }>,
    request: GuestRequest,
    failed: (what: string, error: unknown) => GuestResponse,
  ) {
    this.response = current.then(async ({ host, failure }) => {
      if (host === undefined || failure !== undefined) {
        return errorResponse(request, "The Worker cannot be loaded", failure ?? "");
      }
      const opened = host.open(request);
      this.#opened = opened;
      if (this.#cancelled !== undefined) opened.cancel(this.#cancelled);
      try {
        return await opened.response;
      } catch (error) {
        if (opened.isCancelled) throw error;
        return failed("The handler failed", error);
      }
    });
  }

  get isCancelled(): boolean {
    return this.#opened?.isCancelled ?? this.#cancelled !== undefined;
  }

  cancel(text: string): void {
    this.#cancelled = text;
    this.#opened?.cancel(text);
  }

  expire(text: string): void {
    this.#cancelled = text;
    this.#opened?.expire(text);
  }
}
