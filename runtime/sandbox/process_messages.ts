// What a server and a process that has one interpreter for a sandbox (process_main.ts) tell each other.
import type { WorkerLimits } from "../config/limits.ts";
import type { WorkerReport } from "../control/report.ts";
import type { GuestEvent } from "../pool/guest_events.ts";
import type { WorkerDescription } from "../pool/host_options.ts";
import type { LogLevel } from "../worker/protocol.ts";

/** Where an interpreter is described: here and there alike. */
export interface Begin {
  readonly type: "begin";
  readonly name: string;
  readonly description: WorkerDescription;
  readonly limits: WorkerLimits | undefined;
  readonly permissions: boolean | undefined;
}

export type ToProcess =
  | Begin
  | { readonly type: "send"; readonly event: GuestEvent }
  | { readonly type: "report"; readonly stacks: boolean };

/** An error of pool/, by what it is. */
export interface ToldError {
  readonly kind: "failed" | "lost" | "event";
  readonly name: string;
  readonly message: string;
  /** Of an EventError. */
  readonly text: string;
}

export type FromProcess =
  /** It can take what is told. */
  | { readonly type: "there" }
  | { readonly type: "ready" }
  | { readonly type: "refused"; readonly error: ToldError }
  | { readonly type: "done"; readonly bytes: Uint8Array }
  | { readonly type: "undone"; readonly error: ToldError }
  | { readonly type: "report"; readonly report: WorkerReport }
  | { readonly type: "log"; readonly level: LogLevel; readonly text: string };
