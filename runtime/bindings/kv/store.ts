// The KV of a state folder as the server has it: the thread that writes, and a way to it for each Worker's thread.
import { once } from "node:events";
import path from "node:path";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { messageOf, UserError } from "../../user_error.ts";
import type { FromWriter, ToWriter } from "./protocol.ts";

export class KvStore {
  readonly stateFolder: string;
  readonly #thread: Worker;
  readonly #exit: Promise<unknown>;
  #closing = false;
  #ended = false;

  private constructor(stateFolder: string, thread: Worker, onProblem: (text: string) => void) {
    this.stateFolder = stateFolder;
    this.#thread = thread;
    this.#exit = once(thread, "exit");
    thread.on("message", (message: FromWriter) => {
      if (message.type === "problem") onProblem(message.text);
    });
    thread.on("error", (error) => onProblem(`KV: the thread that writes has failed: ${messageOf(error)}`));
    thread.on("exit", () => {
      this.#ended = true;
      if (!this.#closing) onProblem("KV: nothing can be written until the server is started again");
    });
  }

  /** Throws UserError when the folder's file cannot be used. */
  static async open(stateFolder: string, onProblem: (text: string) => void): Promise<KvStore> {
    const extension = path.extname(import.meta.url);
    const url = new URL(`./writer_thread${extension}`, import.meta.url);
    const thread = new Worker(url, { name: "kv", workerData: stateFolder, env: {} });
    const [message] = (await once(thread, "message")) as [FromWriter];
    if (message.type === "refused") throw new UserError(message.text);
    return new KvStore(stateFolder, thread, onProblem);
  }

  /** For a Worker's thread, which sends `Write` and gets `Grouped`. It closes when the thread ends. */
  newPort(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    if (this.#ended) port1.close();
    else this.#thread.postMessage({ type: "port", port: port1 } satisfies ToWriter, [port1]);
    return port2;
  }

  /** When all that was sent is written. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#ended) return;
    this.#thread.postMessage({ type: "close" } satisfies ToWriter);
    await this.#exit;
  }
}
