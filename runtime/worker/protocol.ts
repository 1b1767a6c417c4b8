// The messages between the pool (main thread) and a Worker's thread. Bytes are the receiver's, once they are sent.
import type { MessagePort } from "node:worker_threads";
import type { OutboundRules, SnapshotPlace } from "../addon.ts";
import type { Assets } from "../config/assets.ts";
import type { QueueProducer } from "../config/queues.ts";
import type { FiberList } from "./fiber_list.ts";
import type { HeaderText } from "./header_text.ts";

/** A file of the Worker or of a package, and where Python finds it. */
export interface GuestFile {
  /** Absolute, on the host. */
  readonly source: string;
  /** Absolute, in the interpreter's file system. */
  readonly target: string;
}

/** Of such files, those that are libraries of C. */
export function librariesOf(files: readonly GuestFile[]): GuestFile[] {
  return files.filter(({ target }) => target.endsWith(".so"));
}

/** Files of packages in one file of the host (packages/image.ts), and the folder in which Python finds them. */
export interface GuestImage extends SnapshotPlace {
  readonly mount: string;
}

/** KV for a Worker's thread. */
export interface KvOptions {
  readonly stateFolder: string;
  /** Bindings of `env` and the ids of their namespaces. */
  readonly namespaces: { readonly [name: string]: string };
  /** To the thread that writes. */
  readonly port: MessagePort;
}

/** Queues that a Worker's thread sends to. */
export interface QueueOptions {
  /** By the names of bindings. */
  readonly producers: { readonly [name: string]: QueueProducer };
  /** To the thread that keeps them. */
  readonly port: MessagePort;
}

/** A Pyodide that the guest is not merged into, and what is missing there, for Python to say. */
export interface OlderPyodide {
  /** Python 3.12 (Pyodide 0.26.4) */
  readonly name: string;
  /** How to choose a newer one. */
  readonly choose: string;
  /** Why run_sync cannot be called; null where it can. */
  readonly whyNoRunSync: string | null;
}

/** The binding of a Worker's calls that are runs in a sandbox; none of `env`, whose names are not empty. */
export const sandboxBinding = "";

/** What begins the binding of a call of a function of the Worker whose name follows, and the method that is one: its token follows. */
export const functionMark = "\0";

export interface SandboxLimits {
  readonly maxSeconds: number;
  /** MiB. */
  readonly maxMemory: number;
}

/** What takes the place of the system's randomness and clocks (reproducible.ts). */
export interface Reproducible {
  /** All random bytes come from it. */
  readonly seed: string;
  /** What the clock begins at, in milliseconds since 1970. */
  readonly time: number;
}

/** What a thread and its interpreter are started with, whoever's they will be. */
export interface ThreadOptions {
  /** The number of the channel to the pool (thread_link.ts). */
  readonly channel: number;
  readonly features: readonly string[];
  readonly pythonEnv: { readonly [name: string]: string };
  readonly runSync: boolean;
  /** The folder of its Pyodide; the newest one's if not given. */
  readonly distribution?: string;
  readonly older?: OlderPyodide | undefined;
  /** Live fibers at most; the engine has a default. */
  readonly maxFibers?: number | undefined;
  /** Whether time slices go for tasks as for threads. */
  readonly preemptTasks?: boolean;
  /** MiB of Python's memory without the stacks of its fibers; all that there can be if not given. */
  readonly heapMib?: number | undefined;
  /** MiB of what Python writes to its files; any if not given. */
  readonly storageMib?: number | undefined;
  /** Threads are switched at random (switching.ts). */
  readonly switchSeed?: number | undefined;
  /** What its interpreter begins with; from nothing if not given. */
  readonly snapshot?: SnapshotPlace | undefined;
  /** Where its interpreter's memory is written to when that has started and loaded the main file, if there is one; in place of all else. */
  readonly saveSnapshot?: SnapshotPlace | undefined;
  /** In place of the system's randomness and clocks, for a snapshot that is the same each time. */
  readonly reproducible?: Reproducible | undefined;
  /** What V8 made of the realm's scripts before. */
  readonly scripts?: SnapshotPlace | undefined;
  /** Where what it has made of them by its end is written to. */
  readonly saveScripts?: SnapshotPlace | undefined;
  /** Bytes of V8's stack in the Worker's thread. */
  readonly stackBytes: number;
  readonly stackBudgets: { readonly mainStackBudget: number; readonly fiberStackBudget: number };
}

/** What makes a thread a Worker's. */
export interface WorkerSettings {
  readonly name: string;
  /** The Worker's main file in the interpreter's file system; empty for a program that `run` starts. */
  readonly main: string;
  /** The folder that Python starts in. */
  readonly folder: string;
  /** Put in front of sys.path. */
  readonly path: readonly string[];
  readonly files: readonly GuestFile[];
  readonly images?: readonly GuestImage[];
  /** Folders of the host that its files are in, those of later loads too. */
  readonly folders: readonly string[];
  /** The bindings of `env`, JSON. */
  readonly env: { readonly [name: string]: unknown };
  /** Where the Worker may connect to; anywhere if not given. */
  readonly outbound?: OutboundRules | undefined;
  /** Bindings of `env` that send their requests to a server, and its URL. */
  readonly services?: { readonly [name: string]: string };
  /** Whether HTTP clients go through `fetch`; by a name, they and `fetch` go to that service. */
  readonly outboundFetch?: boolean | string;
  readonly kv?: KvOptions | undefined;
  readonly queues?: QueueOptions | undefined;
  readonly assets?: Assets | undefined;
  /** Bindings of `env` to other Workers. */
  readonly workerServices?: readonly string[];
  /** Limits of the runs that it may have done in sandboxes; none if not given. */
  readonly sandbox?: SandboxLimits | undefined;
  /** How long all fibers wait, with nothing under way, before the log says so; 0 for never. */
  readonly deadlockWarningSeconds: number;
  /** How long a thread of Python's may go on when its request has ended; 0 for as long as it likes. */
  readonly threadGraceSeconds: number;
  /** Whether it tells when what was given to waitUntil begins and ends. */
  readonly tellsLasting?: boolean;
  /** Whether a checkpoint is taken when it is ready, to which it is reset when it is told so. */
  readonly resets?: boolean;
  /** Whether Python may read lines of the terminal. */
  readonly terminal?: boolean;
  /** The files that a program may hand over, by their names in the interpreter's file system. */
  readonly reports?: readonly string[];
}

/** Of a thread that is a Worker's from its start. */
export interface WorkerOptions extends ThreadOptions, WorkerSettings {
  /** Whether other Workers may come into the thread, each by a message of Node's with its options (../pool/shared_threads.ts). */
  readonly isShared?: boolean;
}

/**
 * How far a thread goes by itself that is nobody's yet: its interpreter has begun with the baseline, and may go on with the memory of a
 * Worker's snapshot; or it knows the Worker's features, too, and has imported what Workers do.
 */
export type WarmStage = "begun" | "imported";

/** What such a thread gets when it becomes a Worker's. */
export interface TakenSettings extends WorkerSettings {
  /** What an interpreter goes on with that has begun. */
  readonly snapshot?: SnapshotPlace | undefined;
  /** Libraries that its interpreter may load: the files as they are for all threads, by which they are known to be the same. */
  readonly libraries: readonly GuestFile[];
}

/** Of a thread that gets its settings later, by a message of Node's, and begins no code of a Worker's before. */
export interface WarmOptions extends ThreadOptions {
  readonly warm: WarmStage;
  /** What its interpreter imports meanwhile, and where that is: nothing of a Worker's. */
  readonly files: readonly GuestFile[];
  readonly images: readonly GuestImage[];
  readonly path: readonly string[];
  readonly preload: readonly string[];
}

/** What belongs to one request, by its id. A body that is not in `request` or `response` follows in chunks, within the credit that was given. */
export type ToExchange =
  | {
      type: "request";
      id: number;
      method: string;
      url: string;
      headers: HeaderText;
      /** `true`: in chunks. */
      body: Uint8Array | null | true;
      /** Whether the first chunk waits until it is asked for. */
      held: boolean;
      /** The address and the port that it came from, a line each; empty where there are none. */
      client: string;
    }
  | { type: "request.chunk"; id: number; bytes: Uint8Array }
  | { type: "request.end"; id: number }
  | { type: "response.credit"; id: number; bytes: number }
  /** Nobody waits for the response any more; the text is an error's, for the Worker. */
  | { type: "cancel"; id: number; text: string }
  /** Of a WebSocket that the Worker serves. `closed` is the last. */
  | { type: "served.message"; id: number; data: string | Uint8Array }
  | { type: "served.sent"; id: number; size: number }
  | { type: "served.closed"; id: number; code: number; reason: string; clean: boolean };

export type FromExchange =
  | {
      type: "response";
      id: number;
      status: number;
      statusText: string;
      headers: HeaderText;
      /** null: in chunks, or a WebSocket. Text is sent in UTF-8, and is bytes when it arrives. */
      body: Uint8Array | string | null;
      webSocket: boolean;
    }
  | { type: "served.message"; id: number; data: string | Uint8Array }
  | { type: "served.close"; id: number; code: number; reason: string }
  | { type: "served.grant"; id: number; size: number }
  | { type: "response.chunk"; id: number; bytes: Uint8Array }
  | { type: "response.end"; id: number }
  /** Before the head or after it. */
  | { type: "response.error"; id: number; text: string }
  | { type: "request.credit"; id: number; bytes: number }
  /** No more of the request's body is wanted. */
  | { type: "request.stop"; id: number };

export type ToWorker =
  | ToExchange
  | { type: "run"; name: string; json: string }
  /** A scheduled trigger, a batch of a queue with the bodies of its messages, a call of another Worker's with its arguments, of a function that it was given, the Worker's end, which it is told before, or
   * its module, for an interpreter that was started without. */
  | {
      type: "event";
      id: number;
      event: "scheduled" | "queue" | "call" | "function" | "stop" | "load";
      json: string;
      bytes: Uint8Array | null;
      depth?: number;
    }
  /** What came of the call with this id: a result, with the address by which functions in it are called, or the name and the message of an error. */
  | { type: "answer"; id: number; bytes: Uint8Array | null; owner: string; name: string; message: string }
  /** The line that was asked for, null at the end of them. */
  | { type: "line"; text: string | null }
  /** A request (pool/request_numbers.ts) that is over a limit: the text is an error's, for where it waits. */
  | { type: "end"; number: number; text: string }
  /** Asks for the live fibers, with whole stacks or without. */
  | { type: "fibers"; stacks: boolean }
  /** The thread is a Worker's, whose settings have come by a message of Node's. */
  | { type: "taken" }
  /** The Worker ends, and its thread goes on with others. */
  | { type: "leave" };

/**
 * What a thread that waits for its options does before they come: it takes V8's flags for all its process, and makes a realm with what the last start
 * noted.
 */
export interface ThreadAheadWork {
  readonly v8Flags: readonly string[];
  readonly realm: string;
  /** What V8 made of its own program is beside them (../bundled.cjs). */
  readonly scripts: SnapshotPlace | undefined;
}

export type FromWorker =
  /** The first: by which the pool sees what the thread uses. */
  /** `hasRealmAhead`: its realm was made before it was known whose it would be. */
  | { type: "meter"; id: number; hasRealmAhead?: true }
  /** A thread that is nobody's yet waits for its settings. */
  | { type: "warm" }
  /** Why its interpreter will not be reset; null where that was not asked for, or it will. */
  | { type: "ready"; noResets: string | null }
  /** It has done what it was given, and this is why its interpreter was not reset after that; null when it was. `given`: requests and events
   * that it had been given by then. */
  | { type: "reset"; why: string | null; given: number }
  /** The Worker's module could not be loaded. */
  | { type: "failed"; text: string }
  /** Why no snapshot can be made of it: JSON of lines. */
  | { type: "impossible"; text: string }
  /** Its snapshot cannot be used: it is to be started anew, without. */
  | { type: "refused"; text: string }
  | FromExchange
  /** `lends`: functions of the Worker's are elsewhere from now on. */
  | { type: "eventDone"; id: number; bytes: Uint8Array; lends: boolean }
  | { type: "eventFailed"; id: number; name: string; message: string; text: string }
  /** A call of another Worker; `depth` is that of the event that it is made for, 0 for a request's. */
  | { type: "call"; id: number; binding: string; method: string; bytes: Uint8Array; depth: number }
  /** Whether something that was given to waitUntil goes on. */
  | { type: "lasting"; lasting: boolean }
  | { type: "fibers"; stacks: boolean; answer: FiberList | { error: string } }
  /** Asks for a line of the terminal. */
  | { type: "line" }
  | { type: "log"; level: LogLevel; text: string }
  /** What Python wrote, as it came: lines may be in pieces. */
  | { type: "write"; stream: OutputStream; text: string }
  /** It has ended, as it was told to leave: the last. */
  | { type: "left" }
  /** The interpreter is lost. */
  | { type: "fatal"; text: string }
  | { type: "exit"; code: number }
  /** A file that a program was to make. */
  | { type: "report"; name: string; bytes: Uint8Array };

export type LogLevel = "debug" | "info" | "warn" | "error";

export const logLevels: ReadonlySet<string> = new Set(["debug", "info", "warn", "error"]);

export type OutputStream = "stdout" | "stderr";
