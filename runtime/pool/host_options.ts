// What a WorkerHost is made with, and the errors by which it says that there is no Worker.
import type { SnapshotPlace } from "../addon.ts";
import type { WorkerLimits } from "../config/limits.ts";
import type { Mask } from "../mask.ts";
import type { LogLevel, OutputStream, WorkerOptions } from "../worker/protocol.ts";
import type { SharedThreads } from "./shared_threads.ts";
import type { HostedThread } from "./worker_thread.ts";

/** The Worker's module could not be loaded: no request will be answered until it is mended. */
export class WorkerFailedError extends Error {
  override readonly name = "WorkerFailedError";
}

/** The Worker's thread ended while a request was on it. */
export class WorkerLostError extends Error {
  override readonly name = "WorkerLostError";
}

/** What its thread is started with, but for what all have alike. */
export type WorkerDescription = Omit<
  WorkerOptions,
  "channel" | "stackBudgets" | "stackBytes" | "switchSeed" | "snapshot" | "saveSnapshot" | "reproducible" | "scripts"
>;

/** What a thread has from its start for its life, beside what is described. */
export interface ThreadLimits {
  /** MiB of JavaScript's heap. */
  readonly heapMb: number;
  /** Whether Node's permission model holds for it. */
  readonly permissions: boolean;
}

/** Threads that were made ready before (warm_threads.ts). */
export interface WarmSource {
  /**
   * One that is this Worker's from now on, and about to load its module; undefined where none fits.
   * @param snapshot What its interpreter is to go on with, the baseline or what lies over it; not needed if not given.
   */
  take(description: WorkerDescription, limits: ThreadLimits, snapshot?: SnapshotPlace): HostedThread | undefined;
}

/** A Worker's call of the Worker behind a binding. */
export interface ServiceCall {
  readonly binding: string;
  readonly method: string;
  /** Its arguments. */
  readonly bytes: Uint8Array;
  /** How many such calls led to this one, each made for the one before. */
  readonly depth: number;
  /** Which of the Worker's interpreters calls, where it has several. */
  readonly interpreter?: string;
}

export interface ServiceAnswer {
  readonly bytes: Uint8Array;
  /** The address of the Worker that answered, by which its functions are called (acquaintances.ts); "" for one that cannot be called back. */
  readonly owner: string;
}

export interface WorkerHostOptions {
  readonly name: string;
  /** Asked at every start, so that a start after a failure sees the files as they are then. */
  readonly describe: () => WorkerDescription;
  /** What it may use; no processor time of a request's is counted unless given. */
  readonly limits?: WorkerLimits;
  /** Where its threads come from, if there are any; each is started for it otherwise. */
  readonly warm?: WarmSource | undefined;
  /** Threads that it may share with other Workers of its owner's; in place of `warm`. */
  readonly shared?: SharedThreads | undefined;
  /** A thread is about to be started for it, or taken. */
  readonly onStart?: () => void;
  /** How long the Worker's module may take to load. */
  readonly startTimeoutMs?: number;
  /** Whether its interpreters may begin with a snapshot of the Worker, which is made where there is none; not unless told so. */
  readonly snapshots?: boolean | undefined;
  /** A snapshot of it that an artifact has, which this runtime can use. */
  readonly packed?: SnapshotPlace | undefined;
  /** Whether Node's permission model holds for its thread; so unless told otherwise. */
  readonly permissions?: boolean | undefined;
  /** Goes over all texts of the Worker's before they are told, but not over what Python writes. */
  readonly mask?: Mask;
  readonly onLog: (level: LogLevel, text: string) => void;
  /** What Python wrote, in pieces as they came. */
  readonly onOutput: (stream: OutputStream, text: string) => void;
  /** The Worker calls a method of the Worker behind a binding; what that throws goes back to it by name and message. */
  readonly onCall?: (call: ServiceCall) => Promise<ServiceAnswer>;
  /** A line of the terminal for Python, null at the end of them. */
  readonly onLine?: () => Promise<string | null>;
  /** A file that the program was to make, before onExit. */
  readonly onReport?: (name: string, bytes: Uint8Array) => void;
  /** Something that it was given has ended, or what was given to waitUntil; or its thread has, with all. */
  readonly onProgress?: () => void;
  /** A program that run() started has ended. */
  readonly onExit?: (code: number) => void;
}
