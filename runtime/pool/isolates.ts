// The isolates of a server's Workers: those that are made ready before they are anybody's, and those that Workers have.
import os from "node:os";
import type { IsolateReport } from "../control/report.ts";
import type { Log } from "../log.ts";
import { type ResidentLimits, ResidentWorkers } from "./resident_workers.ts";
import { SharedThreads } from "./shared_threads.ts";
import type { WarmKind } from "./warm_kind.ts";
import { WarmThreads } from "./warm_threads.ts";
import type { WorkerHost } from "./worker_host.ts";

export interface IsolateOptions extends ResidentLimits {
  /** How many are made ready. */
  readonly warm: number;
  /** How many Workers may share one. */
  readonly workersEach: number;
}

/** Of the machine's memory, or what this process may have of it, the share that a server takes unless it is told otherwise. */
const memoryShare = 0.75;

const lookMs = 500;

/** MiB. */
export function defaultMemoryMb(): number {
  const most = process.constrainedMemory() || os.totalmem();
  return Math.floor((Math.min(most, os.totalmem()) * memoryShare) / 1024 / 1024);
}

export class Isolates {
  readonly warm: WarmThreads;
  /** Those that Workers share; undefined where each has its own. */
  readonly shared: SharedThreads | undefined;
  readonly #residents: ResidentWorkers;
  readonly #hosts = new Set<WorkerHost>();
  readonly #timer: NodeJS.Timeout;

  constructor({ warm, workersEach, ...limits }: IsolateOptions, log: Log) {
    this.shared = workersEach > 1 ? new SharedThreads(workersEach) : undefined;
    this.warm = new WarmThreads({
      size: warm,
      onLog: (level, text) => log[level](text),
      isBusy: () => [...this.#hosts].some(({ underWay, isStarting }) => underWay > 0 || isStarting),
    });
    this.#residents = new ResidentWorkers(limits, log);
    this.#timer = setInterval(() => {
      this.#residents.look();
      this.warm.refill();
    }, lookMs);
    this.#timer.unref();
  }

  get counts(): IsolateReport {
    return { ...this.warm.counts, ...this.#residents.counts };
  }

  /**
   * There is such a Worker, until the function that it returns is called.
   * @param kind Of the threads that it can be given; undefined where each is started for it.
   */
  add(name: string, host: WorkerHost, kind: WarmKind | undefined): () => void {
    this.#hosts.add(host);
    const forget = this.#residents.add(name, host);
    const expected = this.shared === undefined ? kind : undefined;
    const unexpect =
      expected &&
      this.warm.expect({
        kind: expected,
        get isRunning() {
          return host.isRunning || host.isStarting;
        },
      });
    return () => {
      this.#hosts.delete(host);
      forget();
      unexpect?.();
    };
  }

  /** A Worker is about to have one. */
  starting(): void {
    this.#residents.starting();
  }

  /** Nobody is evicted and nothing made ready any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.warm.stop();
  }
}
