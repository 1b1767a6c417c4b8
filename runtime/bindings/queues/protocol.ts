// What the server's threads and the one that has the queues (broker_thread.ts) tell each other.
import type { Started } from "../file_thread.ts";
import type { Outgoing } from "./limits.ts";

/** A Worker's thread sends, on a port of its own. */
export interface Send {
  readonly id: number;
  readonly queue: string;
  readonly messages: readonly Outgoing[];
}

/** A message that is delivered. */
export interface Delivered {
  /** In the file. */
  readonly sequence: number;
  readonly id: string;
  /** When it was sent, in milliseconds since 1970. */
  readonly sent: number;
  /** This one included. */
  readonly attempts: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** What became of messages that were delivered, by their sequence. */
export interface Outcome {
  readonly acked: readonly number[];
  readonly retried: readonly { readonly sequence: number; readonly delaySeconds: number }[];
  /** They go to another queue, or away. */
  readonly dead: { readonly sequences: readonly number[]; readonly queue: string | undefined };
  /** They were not delivered after all. */
  readonly released: readonly number[];
}

export type ToBroker =
  | { readonly type: "port"; readonly port: import("node:worker_threads").MessagePort }
  /** Asks for a batch: when so many messages are there, or the first of them has waited so long. */
  | {
      readonly type: "take";
      readonly id: number;
      readonly queue: string;
      readonly size: number;
      readonly waitMs: number;
    }
  /** It is not asked for any more: the answer is an empty one, unless there was another. */
  | { readonly type: "cancel"; readonly id: number }
  | { readonly type: "settle"; readonly id: number; readonly outcome: Outcome }
  | { readonly type: "close" };

export type FromBroker =
  | Started
  | { readonly type: "problem"; readonly text: string }
  | { readonly type: "notice"; readonly text: string }
  | { readonly type: "batch"; readonly id: number; readonly messages: readonly Delivered[] }
  | { readonly type: "settled"; readonly id: number };
