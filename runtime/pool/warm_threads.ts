// Threads that are made ready before a Worker is asked first, so that its first request does not wait for a thread, a realm and an
// interpreter.
//
//   starting --> ready --> taken: a Worker's from then on, for its life; never given back, never another's
//     nothing of any Worker's         its settings, files and module
//
// Threads are of a kind (warm_kind.ts), and so are Workers: as many as may be are divided among the kinds of those that are not running, by
// how many there are of each. They are started one at a time, when nothing is under way, or after a moment.
import type { SnapshotPlace } from "../addon.ts";
import { beforePython } from "../process_flags.ts";
import { discardSnapshot } from "../snapshots/baseline.ts";
import { besideCode } from "../snapshots/compiled.ts";
import { type LogLevel, librariesOf } from "../worker/protocol.ts";
import type { ThreadLimits, WarmSource, WorkerDescription } from "./host_options.ts";
import { threadPermissions } from "./permissions.ts";
import { ThreadFolder } from "./thread_folder.ts";
import { commonOptions } from "./thread_start.ts";
import { coldPart, share, type WarmKind, warmImports, warmKind } from "./warm_kind.ts";
import { WorkerThread } from "./worker_thread.ts";

export interface WarmThreadsOptions {
  /** How many are ready, or about to be. */
  readonly size: number;
  readonly onLog: (level: LogLevel, text: string) => void;
  /** Whether requests are under way, which a start would make slower. */
  readonly isBusy?: () => boolean;
}

/** A Worker that may ask for a thread. */
export interface Expected {
  readonly kind: WarmKind;
  readonly isRunning: boolean;
}

export interface WarmCounts {
  readonly ready: number;
  readonly starting: number;
  /** Starts of Workers that found one, ready or starting. */
  readonly hits: number;
  /** That found none. */
  readonly misses: number;
}

interface Warm {
  readonly kind: WarmKind;
  readonly thread: WorkerThread;
  readonly folder: ThreadFolder | undefined;
  isReady: boolean;
  /** It failed, and is nobody's any more. */
  isEnding: boolean;
}

const pauseMs = 20;
/** How long a start waits for a moment in which nothing is under way; less where none is ready, and the next Worker would start its own. */
const mostPauses = 25;
const mostPausesWithNone = 5;

/** Whether its interpreter has begun with the snapshot, or with what that lies over. */
function canGoOn({ snapshot: begun }: WorkerThread, snapshot: SnapshotPlace | undefined): boolean {
  return snapshot === undefined || begun?.key === snapshot.key || begun?.key === snapshot.base?.key;
}

export class WarmThreads implements WarmSource {
  readonly #options: WarmThreadsOptions;
  readonly #warm = new Set<Warm>();
  /** Kinds that are asked for, and by how many Workers. */
  readonly #expected = new Set<Expected>();
  #hits = 0;
  #misses = 0;
  #isFilling = false;
  #isDue = false;
  /** The last start failed: there is none until a Worker starts by itself. */
  #isHalted = false;
  /** Interpreters begin without a snapshot. */
  #isOff = false;
  #isStopped = false;

  constructor(options: WarmThreadsOptions) {
    this.#options = options;
  }

  get counts(): WarmCounts {
    let ready = 0;
    for (const { isReady } of this.#warm) if (isReady) ready++;
    return { ready, starting: this.#warm.size - ready, hits: this.#hits, misses: this.#misses };
  }

  /** There is such a Worker, until the function that it returns is called. */
  expect(worker: Expected): () => void {
    this.#expected.add(worker);
    this.#refillSoon();
    return () => {
      this.#expected.delete(worker);
      this.refill();
    };
  }

  take(description: WorkerDescription, limits: ThreadLimits, snapshot?: SnapshotPlace): WorkerThread | undefined {
    if (this.#isStopped) return undefined;
    const kind = warmKind(description, limits, snapshot && "begun");
    const fitting = [...this.#warm].filter(
      (each) => each.kind.key === kind?.key && !each.isEnding && canGoOn(each.thread, snapshot),
    );
    const found = fitting.find(({ isReady }) => isReady) ?? fitting[0];
    this.#isHalted = false;
    this.#refillSoon();
    if (found === undefined) {
      if (kind !== undefined && this.#options.size > 0) this.#misses++;
      return undefined;
    }
    this.#hits++;
    this.#warm.delete(found);
    const { thread, folder } = found;
    const cold = coldPart(description);
    const settings = folder === undefined ? cold : folder.link(cold);
    thread.settle({ ...settings, snapshot, libraries: librariesOf(cold.files) });
    return thread;
  }

  /** Once for all that is told by then: a server has thousands of Workers. */
  #refillSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.refill();
    });
  }

  /** Starts what is missing, and ends what nobody asks for any more. */
  refill(): void {
    if (this.#isStopped || this.#isOff) return;
    const wanted = this.#wanted();
    for (const [key, { missing }] of wanted) {
      const surplus = [...this.#warm].filter(({ kind }) => kind.key === key).slice(0, Math.max(0, -missing));
      for (const each of surplus) {
        this.#warm.delete(each);
        void each.thread.terminate();
      }
    }
    if (this.#isFilling || this.#isHalted) return;
    const next = [...wanted.values()].reduce<{ kind: WarmKind; missing: number } | undefined>(
      (most, each) => (each.missing > (most?.missing ?? 0) ? each : most),
      undefined,
    );
    if (next === undefined) return;
    this.#isFilling = true;
    this.#fill(next.kind).then(
      () => {
        this.#isFilling = false;
        this.refill();
      },
      (error: Error) => {
        this.#isFilling = false;
        if (this.#isStopped) return;
        this.#isHalted = true;
        this.#options.onLog("warn", `no thread can be made ready for Workers: ${error.message}`);
      },
    );
  }

  /** Ends all that nobody has taken. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#warm].map(({ thread }) => thread.terminate()));
  }

  /** How many of each kind are to be, less those that are. */
  #wanted(): Map<string, { kind: WarmKind; missing: number }> {
    const kinds = new Map<string, { kind: WarmKind; workers: number }>();
    for (const { isRunning, kind } of this.#expected) {
      if (isRunning) continue;
      const known = kinds.get(kind.key);
      kinds.set(kind.key, { kind, workers: (known?.workers ?? 0) + 1 });
    }
    const shares = share(this.#options.size, [...kinds.values()]);
    const wanted = new Map(shares.map(({ kind, threads }) => [kind.key, { kind, missing: threads }]));
    for (const { kind } of this.#warm) {
      const known = wanted.get(kind.key) ?? { kind, missing: 0 };
      wanted.set(kind.key, { kind, missing: known.missing - 1 });
    }
    return wanted;
  }

  #hasReady({ key }: WarmKind): boolean {
    return [...this.#warm].some((each) => each.isReady && each.kind.key === key);
  }

  async #fill(kind: WarmKind): Promise<void> {
    const pausesNow = (): number => (this.#hasReady(kind) ? mostPauses : mostPausesWithNone);
    for (let pauses = 0; pauses < pausesNow() && this.#options.isBusy?.() === true && !this.#isStopped; pauses++) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    const { onLog } = this.#options;
    const common = await commonOptions({ older: undefined, ...kind.options }, onLog);
    await beforePython();
    if (this.#isStopped) return;
    if (common.snapshot === undefined) {
      // It would save little, and what it imports could not be made anew.
      this.#isOff = true;
      return;
    }
    const imports = warmImports(kind);
    const folder = kind.limits.permissions ? new ThreadFolder() : undefined;
    const folders = folder === undefined ? [] : [folder.path, ...imports.folders];
    const start = { ...kind.options, ...common, warm: kind.stage, ...imports };
    const settings = {
      name: "blockon",
      heapMb: kind.limits.heapMb,
      permissions: folder && threadPermissions({ ...kind.options, folders }),
    };
    const thread = besideCode(onLog, () => new WorkerThread(start, settings, () => folder?.remove()));
    const warm: Warm = { kind, thread, folder, isReady: false, isEnding: false };
    this.#warm.add(warm);
    await new Promise<void>((resolve, reject) => {
      thread.listen({
        message: (message) => {
          if (message.type === "warm") {
            warm.isReady = true;
            resolve();
          } else if (message.type === "log") {
            onLog(message.level, message.text);
          } else if (message.type === "refused" && thread.snapshot !== undefined) {
            warm.isEnding = true;
            discardSnapshot(thread.snapshot, message.text, onLog);
            void thread.terminate(message.text);
          } else if (message.type === "failed") {
            warm.isEnding = true;
            void thread.terminate(message.text);
          }
        },
        ended: (why) => {
          // Ended since nobody asks for it any more.
          if (!this.#warm.delete(warm)) resolve();
          reject(new Error(why));
          if (warm.isReady) this.refill();
        },
        left: resolve,
      });
    });
  }
}
