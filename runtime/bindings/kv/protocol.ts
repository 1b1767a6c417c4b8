// What a Worker's thread and the thread that writes (writer_thread.ts) tell each other, on a port of their own.
import type { Started } from "../file_thread.ts";

export type Write =
  | {
      readonly type: "put";
      readonly id: number;
      readonly namespace: string;
      readonly key: Uint8Array;
      readonly value: Uint8Array;
      readonly metadata: string | null;
      readonly expiration: number | null;
    }
  | { readonly type: "delete"; readonly id: number; readonly namespace: string; readonly key: Uint8Array };

export type ToWriter = { readonly type: "port"; readonly port: MessagePort } | { readonly type: "close" };

export type FromWriter = Started | { readonly type: "problem"; readonly text: string };

type MessagePort = import("node:worker_threads").MessagePort;
