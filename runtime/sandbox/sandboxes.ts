// Code that a Worker has run for somebody (Sandbox of the Python API): each run in an interpreter of its own, which begins with the baseline
// snapshot, has nothing of the Worker's but its packages, and ends with the run. docs/api.md#sandboxes
//
// A run has a thread of the server's process, or a process (process_host.ts).
//
// The Worker asks by a call of the binding `sandboxBinding`, which is none of `env`'s: the method is the run's options as JSON, the arguments are
// the entry's (entry.py). A time limit ends the thread. The limit of a run's memory is the glue's, that of all of them the engine's and the watchdog's.
import path from "node:path";
import type { OutboundRules } from "../addon.ts";
import { defaultWorkerLimits } from "../config/limits.ts";
import { howToBlock } from "../config/older_pyodide.ts";
import { type SandboxIsolation, type SandboxSettings, sandboxIsolations } from "../config/sandbox.ts";
import type { WorkerConfig } from "../config/wrangler.ts";
import { guestTree, type Packages, packageMount } from "../packages/guest_files.ts";
import { FreshWorkers } from "../pool/fresh_workers.ts";
import { EventTimeoutError } from "../pool/guest_events.ts";
import { type WorkerHostOptions, WorkerLostError } from "../pool/host_options.ts";
import { UserError } from "../user_error.ts";
import { ProcessHost } from "./process_host.ts";

export interface SandboxParts extends Pick<WorkerHostOptions, "onLog" | "permissions"> {
  /** The Worker's packages, if it has any. */
  readonly packages: Packages | undefined;
}

const nowhere: OutboundRules = { deny: ["*"] };
const folder = "/session";
const entry = `${folder}/blockon_sandbox_entry.py`;

interface RunOptions {
  /** Seconds. */
  readonly timeout: number;
  readonly fetch: boolean;
  readonly isolation: SandboxIsolation;
}

/** Why there is no result, for the Worker: by name and message. */
class SandboxEnd extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** In a line, without what the pool says of it, and the runtime's own frames. */
function whyLost({ message }: Error): string {
  return message.replace(/^the Worker was lost: (?:the interpreter ended: )?/, "").split("\n", 1)[0] as string;
}

export class Sandboxes {
  readonly #config: WorkerConfig;
  readonly #parts: SandboxParts;
  readonly #settings: SandboxSettings;
  /** By what a run has for itself, and whether it reaches the network. */
  readonly #pools = new Map<string, FreshWorkers>();

  /** Throws UserError. */
  constructor(config: WorkerConfig, settings: SandboxSettings, parts: SandboxParts) {
    if (config.python.runs.blocking !== "all") {
      throw new UserError(
        `${config.file}: [blockon.sandbox] is not there on Python ${config.python.runs.python.version}: ${howToBlock()}`,
      );
    }
    this.#config = config;
    this.#settings = settings;
    this.#parts = parts;
  }

  /** @param json The Worker's word. @param bytes The arguments of entry.py's `run`. */
  async run(json: string, bytes: Uint8Array): Promise<Uint8Array> {
    const { timeout, ...kind } = this.#read(json);
    const event = { event: "call", json: JSON.stringify({ entrypoint: "", method: "run" }), bytes } as const;
    try {
      return await this.#pool(kind).send(event, timeout * 1000);
    } catch (error) {
      if (error instanceof EventTimeoutError)
        throw new SandboxEnd("SandboxTimeoutError", `the code was ended after ${timeout} s`);
      if (error instanceof WorkerLostError) throw new SandboxEnd("Ended", whyLost(error));
      throw error;
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.stop()));
  }

  #read(json: string): RunOptions {
    const { timeout, fetch, isolation: asked } = JSON.parse(json) as { [name: string]: unknown };
    const { mostSeconds } = this.#settings;
    const isolation = sandboxIsolations.find((each) => each === (asked ?? this.#settings.isolation));
    if (isolation === undefined) {
      throw new SandboxEnd("ValueError", `isolation is ${asked}: one of ${sandboxIsolations.join(", ")}`);
    }
    if (typeof timeout !== "number" || !(timeout > 0 && timeout <= mostSeconds)) {
      throw new SandboxEnd(
        "ValueError",
        `timeout is ${timeout}: seconds, up to max_seconds of [blockon.sandbox], which is ${mostSeconds}`,
      );
    }
    return { timeout, fetch: fetch === true, isolation };
  }

  #pool({ fetch, isolation }: Omit<RunOptions, "timeout">): FreshWorkers {
    const kind = `${isolation} ${fetch}`;
    let pool = this.#pools.get(kind);
    if (pool === undefined) {
      const { ready, most, mostMemory } = this.#settings;
      const { onLog, permissions } = this.#parts;
      pool = new FreshWorkers({
        name: `${this.#config.name}: sandbox`,
        ready,
        most,
        table: "[blockon.sandbox]",
        // A run has its time, which is no processor time.
        limits: { ...defaultWorkerLimits, cpuMs: 0, memoryMb: mostMemory },
        permissions,
        describe: () => this.#describe(fetch),
        onLog: (level, text) => onLog(level, `sandbox: ${text}`),
        // What goes around sys.stdout.
        onOutput: () => {},
        ...(isolation === "process" && { newHost: (options) => new ProcessHost(options) }),
      });
      this.#pools.set(kind, pool);
    }
    return pool;
  }

  #describe(fetch: boolean): ReturnType<WorkerHostOptions["describe"]> {
    const { outbound, outboundFetch, services, compatibility, maxFibers } = this.#config;
    const tree = guestTree(undefined, this.#parts.packages);
    const source = path.join(import.meta.dirname, "entry.py");
    const through = fetch && typeof outboundFetch === "string" ? outboundFetch : undefined;
    return {
      name: "sandbox",
      main: entry,
      folder,
      files: [...tree.files, { source, target: entry }],
      images: tree.images,
      // The code says whether it wants packages.
      path: tree.path.filter((each) => each !== packageMount),
      folders: [...tree.folders, import.meta.dirname],
      features: [...compatibility.features],
      env: {},
      pythonEnv: {},
      runSync: true,
      maxFibers,
      heapMib: this.#settings.mostMemory,
      storageMib: this.#config.limits.tmpMb,
      outbound: fetch ? outbound : nowhere,
      outboundFetch: fetch && outboundFetch,
      services: through === undefined ? {} : { [through]: services[through] as string },
      deadlockWarningSeconds: 0,
      threadGraceSeconds: 0,
    };
  }
}
