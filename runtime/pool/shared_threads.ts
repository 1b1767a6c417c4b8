// Threads that have several Workers, which must be one tenant's: a further one takes a tenth of what a thread of its own does (docs/pool.md).
//
//   SharedThreads.open()   a seat in a thread of the same kind that has room, or in a new one
//   Seat                   a Worker's part of such a thread: a WorkerHost has it as it has a thread of its own
//
// A Worker that ends leaves its seat, and the others go on: what it computes is terminated by V8 where it is (jspi/engine/realm_end.h). What
// ends the thread ends them all: V8's heap is full, or one does not leave.
import type { Worker } from "node:worker_threads";
import { loadAddon, type SnapshotPlace } from "../addon.ts";
import { messageOf } from "../user_error.ts";
import type { FromWorker, ToWorker, WorkerOptions } from "../worker/protocol.ts";
import { bounded, mostCharacters } from "../worker/text.ts";
import { openLink, type ThreadLink } from "../worker/thread_link.ts";
import type { ThreadLimits } from "./host_options.ts";
import { threadPermissions } from "./permissions.ts";
import { resourceLimits } from "./resource_limits.ts";
import { startThread } from "./thread_ahead.ts";
import { ThreadFolder } from "./thread_folder.ts";
import { type HostedThread, portsOf, type ThreadListener } from "./worker_thread.ts";

type SeatStart = Omit<WorkerOptions, "channel">;

/** A Worker that computes on does not hear that it is to leave. How often it is interrupted, and how many times before its thread ends. */
const lookMs = 100;
const mostLooks = 30;

/** What the seats of a thread have alike. */
function kindOf({ distribution, stackBytes }: SeatStart, limits: ThreadLimits): string {
  return JSON.stringify([distribution ?? null, stackBytes, limits]);
}

/** Whether a Worker may have a seat: files that are asked for by their real paths a thread finds that was started for them. */
function mayShare({ older, assets }: SeatStart, { permissions }: ThreadLimits): boolean {
  return older === undefined && !(permissions && assets?.binding !== undefined);
}

class Seat implements HostedThread {
  readonly name: string;
  readonly snapshot: SnapshotPlace | undefined;
  readonly channel: number;
  readonly #thread: SharedThread;
  readonly #link: ThreadLink<ToWorker>;
  readonly #gone = Promise.withResolvers<void>();
  #listener: ThreadListener | undefined;
  #meter: number | undefined;
  /** Why it ends, if it does. */
  #why: string | undefined;
  #isLeaving = false;
  #isGone = false;

  constructor(thread: SharedThread, { name, snapshot }: SeatStart) {
    this.name = name;
    this.snapshot = snapshot;
    this.#thread = thread;
    const { link, number } = openLink((message) => this.#receive(message));
    this.#link = link;
    this.channel = number;
  }

  listen(listener: ThreadListener): void {
    this.#listener?.left?.();
    this.#listener = listener;
    if (this.#isGone) queueMicrotask(() => listener.ended(this.#why ?? "its thread ended"));
    else if (this.#meter !== undefined) listener.message({ type: "meter", id: this.#meter });
  }

  post(message: ToWorker): void {
    this.#link.post(message);
  }

  async terminate(why?: string): Promise<void> {
    this.#why ??= why;
    if (this.#isGone) return;
    if (this.#thread.isAlone(this)) return this.#thread.end();
    if (!this.#isLeaving) {
      this.#isLeaving = true;
      this.#link.post({ type: "leave" });
      this.#insist();
    }
    return this.#gone.promise;
  }

  /** What it computes ends where it is, so that it hears that it is to leave; the thread ends where that cannot be. */
  #insist(): void {
    let looks = 0;
    const timer = setInterval(() => {
      if (this.#meter !== undefined) loadAddon().interruptMeter(this.#meter);
      if (++looks < mostLooks) return;
      const text = this.#why === undefined ? "" : ` (${this.#why})`;
      const why = `it shared its thread with the Worker ${this.name}, which had to be ended${text} and did not leave`;
      void this.#thread.end(why);
    }, lookMs);
    void this.#gone.promise.then(() => clearInterval(timer));
  }

  /** Its thread is gone. */
  lost(why: string): void {
    // What it said at last.
    this.#link.drain();
    this.#end(this.#why ?? why);
  }

  #receive(message: FromWorker): void {
    if (message.type === "left") {
      this.#end(this.#why ?? "it left its thread");
      return;
    }
    if (message.type === "meter") this.#meter = message.id;
    this.#listener?.message(message);
    if (message.type !== "fatal") return;
    // Its realm is still there.
    this.#why = `the interpreter ended: ${message.text}`;
    this.#listener?.ended(this.#why);
    this.#listener = undefined;
    void this.terminate();
  }

  #end(why: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#why = why;
    this.#link.close();
    this.#listener?.ended(why);
    this.#gone.resolve(this.#thread.leave(this));
  }
}

class SharedThread {
  readonly kind: string;
  readonly #onEnd: () => void;
  readonly #seats = new Set<Seat>();
  readonly #folder: ThreadFolder | undefined;
  #thread: Worker | undefined;
  #why: string | undefined;
  #isEnding = false;

  constructor(kind: string, permissions: boolean, onEnd: () => void) {
    this.kind = kind;
    this.#folder = permissions ? new ThreadFolder() : undefined;
    this.#onEnd = onEnd;
  }

  /** How many have a seat. */
  get workers(): number {
    return this.#seats.size;
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  isAlone(seat: Seat): boolean {
    return this.#seats.size === 1 && this.#seats.has(seat);
  }

  /** Has a Worker begin in it. */
  open(start: SeatStart, limits: ThreadLimits): Seat {
    const seat = new Seat(this, start);
    this.#seats.add(seat);
    const settings = { ...start, ...this.#folder?.link(start), channel: seat.channel, isShared: true } as WorkerOptions;
    const ports = portsOf(start);
    if (this.#thread === undefined) this.#thread = this.#start(settings, limits, ports);
    else this.#thread.postMessage(settings, ports);
    return seat;
  }

  /** Resolves when the thread is gone, too, if it was the last. */
  async leave(seat: Seat): Promise<void> {
    this.#seats.delete(seat);
    if (this.#seats.size === 0) await this.end();
  }

  async end(why?: string): Promise<void> {
    this.#why ??= why;
    this.#isEnding = true;
    await this.#thread?.terminate();
  }

  #start(settings: WorkerOptions, { heapMb }: ThreadLimits, ports: ReturnType<typeof portsOf>): Worker {
    const folder = this.#folder;
    const permissions = folder && threadPermissions({ ...settings, folders: [folder.path], assets: undefined });
    const setup = { name: "blockon", resourceLimits: resourceLimits(heapMb), execArgv: permissions };
    const thread = startThread(setup, settings, ports);
    thread.on("error", (error) => {
      this.#why ??= bounded(messageOf(error), mostCharacters);
    });
    thread.on("exit", (code) => {
      this.#isEnding = true;
      folder?.remove();
      this.#onEnd();
      for (const seat of [...this.#seats]) seat.lost(this.#why ?? `its thread ended with code ${code}`);
    });
    return thread;
  }
}

export class SharedThreads {
  readonly #most: number;
  readonly #threads = new Set<SharedThread>();

  /** @param most Workers in a thread. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Threads, and Workers that have a seat in one. */
  get counts(): { readonly threads: number; readonly seats: number } {
    let seats = 0;
    for (const thread of this.#threads) seats += thread.workers;
    return { threads: this.#threads.size, seats };
  }

  /** Has a Worker begin in a thread with others; undefined where it needs one of its own. */
  open(start: SeatStart, limits: ThreadLimits): HostedThread | undefined {
    if (!mayShare(start, limits)) return undefined;
    const kind = kindOf(start, limits);
    // The fullest, so that threads become empty.
    const fitting = [...this.#threads]
      .filter((thread) => thread.kind === kind && !thread.isEnding && thread.workers < this.#most)
      .sort((one, other) => other.workers - one.workers);
    return (fitting[0] ?? this.#newThread(kind, limits)).open(start, limits);
  }

  #newThread(kind: string, { permissions }: ThreadLimits): SharedThread {
    const thread: SharedThread = new SharedThread(kind, permissions, () => this.#threads.delete(thread));
    this.#threads.add(thread);
    return thread;
  }
}
