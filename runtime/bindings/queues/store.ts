// The queues of a state folder as the server has them: the thread that keeps them, a way to it for each Worker's thread, and batches for
// those that consume.
import { once } from "node:events";
import path from "node:path";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { messageOf, UserError } from "../../user_error.ts";
import type { Delivered, FromBroker, Outcome, ToBroker } from "./protocol.ts";

export interface QueueLog {
  warn(text: string): void;
  error(text: string): void;
}

export interface BatchRequest {
  readonly queue: string;
  readonly size: number;
  readonly waitMs: number;
}

export class QueueStore {
  readonly #thread: Worker;
  readonly #exit: Promise<unknown>;
  readonly #takes = new Map<number, (messages: readonly Delivered[]) => void>();
  readonly #settles = new Map<number, () => void>();
  #lastId = 0;
  #closing = false;
  #ended = false;

  private constructor(thread: Worker, log: QueueLog) {
    this.#thread = thread;
    this.#exit = once(thread, "exit");
    thread.on("message", (message: FromBroker) => this.#receive(message, log));
    thread.on("error", (error) => log.error(`queues: their thread has failed: ${messageOf(error)}`));
    thread.on("exit", () => {
      this.#ended = true;
      for (const told of this.#takes.values()) told([]);
      for (const told of this.#settles.values()) told();
      if (!this.#closing) log.error("queues: nothing can be sent or taken until the server is started again");
    });
  }

  /** Throws UserError when the folder's file cannot be used. */
  static async open(stateFolder: string, log: QueueLog): Promise<QueueStore> {
    const url = new URL(`./broker_thread${path.extname(import.meta.url)}`, import.meta.url);
    const thread = new Worker(url, { name: "queues", workerData: stateFolder, env: {} });
    const [message] = (await once(thread, "message")) as [FromBroker];
    if (message.type === "refused") throw new UserError(message.text);
    return new QueueStore(thread, log);
  }

  /** For a Worker's thread, which sends `Send` and gets `Grouped`. It closes when the thread ends. */
  newPort(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    if (this.#ended) port1.close();
    else this.#tell({ type: "port", port: port1 }, [port1]);
    return port2;
  }

  /** A batch when there is one; none when it is given up before, or all ends. */
  take(request: BatchRequest, signal: AbortSignal): Promise<readonly Delivered[]> {
    const { promise, resolve } = Promise.withResolvers<readonly Delivered[]>();
    if (signal.aborted || this.#ended) return Promise.resolve([]);
    const id = ++this.#lastId;
    const cancel = (): void => this.#tell({ type: "cancel", id });
    signal.addEventListener("abort", cancel, { once: true });
    this.#takes.set(id, (messages) => {
      signal.removeEventListener("abort", cancel);
      resolve(messages);
    });
    this.#tell({ type: "take", id, ...request });
    return promise;
  }

  /** Resolves when it is on the disk what became of a batch. */
  settle(outcome: Outcome): Promise<void> {
    if (this.#ended) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const id = ++this.#lastId;
    this.#settles.set(id, resolve);
    this.#tell({ type: "settle", id, outcome });
    return promise;
  }

  /** When all that was sent is written. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#ended) return;
    this.#tell({ type: "close" });
    await this.#exit;
  }

  #tell(message: ToBroker, transfer: MessagePort[] = []): void {
    this.#thread.postMessage(message, transfer);
  }

  #receive(message: FromBroker, log: QueueLog): void {
    switch (message.type) {
      case "batch":
        this.#takes.get(message.id)?.(message.messages);
        this.#takes.delete(message.id);
        break;
      case "settled":
        this.#settles.get(message.id)?.();
        this.#settles.delete(message.id);
        break;
      case "notice":
        log.warn(message.text);
        break;
      case "problem":
        log.error(message.text);
    }
  }
}
