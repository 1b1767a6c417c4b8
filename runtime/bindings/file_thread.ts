// The thread of a server that has one file of the state folder: it opens the file, or tells why it cannot.
import type { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../user_error.ts";

/** What such a thread tells first. */
export type Started =
  | { readonly type: "ready" }
  /** It cannot start: the text is for who started the server. */
  | { readonly type: "refused"; readonly text: string };

/** Begins the thread. What keeps it from its file is told as `refused`. */
export function beginFileThread<To, From>(
  open: (stateFolder: string) => DatabaseSync,
  /** Returns what takes the messages to the thread. */
  begin: (database: DatabaseSync, stateFolder: string, tell: (message: From) => void) => (message: To) => void,
): void {
  if (parentPort === null) throw new Error("runtime/bindings/file_thread.ts is for the entry of a thread");
  const parent = parentPort;
  const stateFolder = workerData as string;
  const tell = (message: From | Started): void => parent.postMessage(message);
  try {
    parent.on("message", begin(open(stateFolder), stateFolder, tell));
    tell({ type: "ready" });
  } catch (error) {
    tell({ type: "refused", text: messageOf(error) });
  }
}
