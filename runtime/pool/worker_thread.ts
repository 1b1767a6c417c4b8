// A thread for a Worker: how it is started, what it says, and its end. At first it may be nobody's (warm_threads.ts): then it gets its
// Worker's settings later, once, and whoever it is given to hears what it says from then on.
import type { MessagePort, Worker } from "node:worker_threads";
import type { SnapshotPlace } from "../addon.ts";
import { noteRealm, noteRealmUsed, noteThread } from "../snapshots/start_record.ts";
import { messageOf } from "../user_error.ts";
import type {
  FromWorker,
  TakenSettings,
  ToWorker,
  WarmOptions,
  WorkerOptions,
  WorkerSettings,
} from "../worker/protocol.ts";
import { realmStart } from "../worker/realm_start.ts";
import { bounded, mostCharacters } from "../worker/text.ts";
import { openLink, type ThreadLink } from "../worker/thread_link.ts";
import { resourceLimits } from "./resource_limits.ts";
import { startThread } from "./thread_ahead.ts";

export interface ThreadListener {
  message(message: FromWorker): void;
  /** It is gone, and says nothing more. Called once. */
  ended(why: string): void;
  /** Another listens from now on. */
  left?(): void;
}

export type ThreadStart = Omit<WorkerOptions, "channel"> | Omit<WarmOptions, "channel">;

export interface ThreadSettings {
  readonly name: string;
  /** MiB of JavaScript's heap. */
  readonly heapMb: number;
  /** Node's arguments for it (permissions.ts); none for a thread without the permission model. */
  readonly permissions: readonly string[] | undefined;
}

/** Ways of a Worker's to what keeps the values of its bindings. */
export function portsOf({ kv, queues }: Pick<WorkerSettings, "kv" | "queues">): MessagePort[] {
  return [kv?.port, queues?.port].filter((port) => port !== undefined);
}

/** A Worker's thread, or its part of one (shared_threads.ts). */
export interface HostedThread {
  /** What its interpreter begins with. */
  readonly snapshot: SnapshotPlace | undefined;
  /** Has another hear what it says from now on, and of its meter. */
  listen(listener: ThreadListener): void;
  post(message: ToWorker): void;
  /** Ends it at once, whatever it does. @param why For whoever hears of its end; the first reason counts. */
  terminate(why?: string): Promise<void>;
}

export class WorkerThread implements HostedThread {
  readonly #thread: Worker;
  readonly #link: ThreadLink<ToWorker>;
  #snapshot: SnapshotPlace | undefined;
  readonly #onEnd: () => void;
  #listener: ThreadListener | undefined;
  #meter: number | undefined;
  /** Why it is ended, if it is. */
  #why: string | undefined;
  #isGone = false;

  /** Somebody has to listen from now on. @param onEnd Called when it is gone, whoever listens. */
  constructor(start: ThreadStart, { name, heapMb, permissions }: ThreadSettings, onEnd: () => void = () => {}) {
    this.#snapshot = start.snapshot;
    this.#onEnd = onEnd;
    const { link, number } = openLink((message) => this.#receive(message));
    this.#link = link;
    const setup = { name, resourceLimits: resourceLimits(heapMb), execArgv: permissions };
    if ("main" in start && start.main !== "") {
      noteThread(JSON.stringify(setup));
      noteRealm(() => JSON.stringify(realmStart(start)));
    }
    this.#thread = startThread(setup, { ...start, channel: number }, "warm" in start ? [] : portsOf(start));
    this.#thread.on("error", (error) => {
      this.#why ??= bounded(messageOf(error), mostCharacters);
    });
    this.#thread.on("exit", (code) => {
      // What it said at last.
      link.drain();
      this.#end(this.#why ?? `its thread ended with code ${code}`);
    });
  }

  /** Has another hear what it says from now on, and of its meter. */
  listen(listener: ThreadListener): void {
    this.#listener?.left?.();
    this.#listener = listener;
    if (this.#isGone) queueMicrotask(() => listener.ended(this.#why ?? "its thread ended"));
    else if (this.#meter !== undefined) listener.message({ type: "meter", id: this.#meter });
  }

  /** What its interpreter begins with. */
  get snapshot(): SnapshotPlace | undefined {
    return this.#snapshot;
  }

  /** Makes one that is nobody's a Worker's. */
  settle(settings: TakenSettings): void {
    this.#snapshot = settings.snapshot ?? this.#snapshot;
    this.#thread.postMessage(settings, portsOf(settings));
    this.#link.post({ type: "taken" });
  }

  post(message: ToWorker): void {
    this.#link.post(message);
  }

  /** Ends it at once, whatever it does. @param why For whoever hears of its end; the first reason counts. */
  async terminate(why?: string): Promise<void> {
    this.#why ??= why;
    await this.#thread.terminate();
  }

  #receive(message: FromWorker): void {
    if (message.type === "meter") {
      this.#meter = message.id;
      if (message.hasRealmAhead) noteRealmUsed();
    }
    this.#listener?.message(message);
    if (message.type !== "fatal") return;
    this.#end(`the interpreter ended: ${message.text}`);
    void this.#thread.terminate();
  }

  #end(why: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#why = why;
    this.#link.close();
    this.#onEnd();
    this.#listener?.ended(why);
  }
}
