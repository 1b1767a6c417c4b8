// What a server tells of itself to `blockon ps`: one line of JSON.
import type { FiberEntry } from "../worker/fiber_list.ts";

/** `busy`: it computes, and does not answer in time. `evicted`: ended to make room, and started again by what it is asked next. */
export type WorkerState = "not started" | "starting" | "running" | "busy" | "ended" | "evicted";

export interface WorkerUsage {
  /** Seconds of processor time, of all threads that it had. */
  readonly cpu: number;
  /** Bytes of Python's memory that the machine keeps for it; null where it has none. */
  readonly resident: number | null;
  /** MiB of Python's memory, milliseconds of processor time for a request; 0 for any. */
  readonly memoryMb: number;
  readonly cpuMs: number;
}

/** Of a Worker that there is not. */
export const noUsage: WorkerUsage = { cpu: 0, resident: null, memoryMb: 0, cpuMs: 0 };

export interface WorkerReport {
  readonly name: string;
  readonly state: WorkerState;
  /** Why it is so, or why nothing is known of its fibers, if there is something to say; a Worker's own text may be in it. */
  readonly detail: string | null;
  /** Those that it has and has not answered. */
  readonly requests: number;
  /** What it uses, and may use. */
  readonly usage: WorkerUsage;
  /** How many fibers are alive; null when that is not known. The list may have fewer. */
  readonly live: number | null;
  readonly fibers: readonly FiberEntry[];
}

export interface ServerReport {
  readonly pid: number;
  /** The process that was started by the user and watches over the server; null when there is none. */
  readonly supervisor: number | null;
  readonly url: string;
  readonly name: string;
  readonly folder: string;
  /** Seconds since it started. */
  readonly age: number;
  readonly workers: readonly WorkerReport[];
  /** Of all its Workers; not of `blockon dev`. */
  readonly isolates?: IsolateReport;
}

export interface IsolateReport {
  /** Made ready, and nobody's yet; being made so. */
  readonly ready: number;
  readonly starting: number;
  /** Starts of Workers that found one, and that did not. */
  readonly hits: number;
  readonly misses: number;
  /** Workers that have one, and how often one was given up to make room. */
  readonly resident: number;
  readonly evictions: number;
}

/** The question: `stacks` for whole tracebacks. A line. */
export const questions = { plain: "ps", stacks: "ps stacks", reload: "reload" } as const;

/** What is asked about deployments: a line that begins with one of these, and has an argument of theirs behind it, as JSON. */
export interface DeploymentQuestions {
  readonly deploy: { readonly folder: string };
  readonly deployments: Record<string, never>;
  readonly rollback: { readonly name: string; readonly version?: number | undefined };
  readonly delete: { readonly name: string };
}

/** Each with what comes of it. */
export interface DeploymentAnswers {
  readonly deploy: DeployedReport;
  readonly deployments: readonly DeploymentReport[];
  readonly rollback: DeployedReport;
  readonly delete: DeployedReport;
}

export interface DeployedReport {
  readonly name: string;
  readonly version: number;
}

export interface DeploymentReport {
  readonly name: string;
  readonly current: number;
  /** The oldest first; `deployed` is a time in ISO 8601's format. */
  readonly versions: readonly { readonly version: number; readonly deployed: string }[];
}

/** The answer to these. */
export interface Done {
  readonly version: typeof answerVersion;
  readonly done: DeploymentAnswers[keyof DeploymentAnswers];
}

/** The answer, with which version of it this is. */
export interface Answer {
  readonly version: typeof answerVersion;
  readonly server: ServerReport;
}

/** What comes of a reload: the names of the Workers that serve now. */
export interface Reloaded {
  readonly version: typeof answerVersion;
  readonly reloaded: readonly string[];
}

export const answerVersion = 1;
