// Gives a Worker's handler the messages of a queue, batch by batch, and has it written what became of each.
//
// A message is done when its handler said so or returned. Until that is on the disk it is delivered again by whoever comes next, so each is
// delivered at least once.
import type { Delivered, Outcome } from "../bindings/queues/protocol.ts";
import type { QueueStore } from "../bindings/queues/store.ts";
import type { QueueConsumer as Settings } from "../config/queues.ts";
import { messageOf } from "../user_error.ts";
import type { GuestEvent } from "./guest_events.ts";
import { WorkerFailedError } from "./host_options.ts";

/** Who is given batches. */
export interface Consuming {
  /** Rejects when its module cannot be loaded. */
  start(): Promise<void>;
  send(event: GuestEvent): Promise<Uint8Array>;
}

export interface ConsumerLog {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

/** What a realm says of a batch (runtime/realm/85-queues.js): marks with a delay for a retry, without for an acknowledgement. */
interface Marks {
  readonly failed: boolean;
  readonly all: Mark;
  readonly marks: readonly Mark[];
}

type Mark = { readonly retry?: number | null } | null;

const leastPauseMs = 1000;
const mostPauseMs = 30_000;

const nothing: Outcome = { acked: [], retried: [], dead: { sequences: [], queue: undefined }, released: [] };

export class QueueConsumer {
  readonly #settings: Settings;
  readonly #worker: Consuming;
  readonly #store: QueueStore;
  readonly #log: ConsumerLog;
  readonly #stop = new AbortController();
  #lanes: Promise<void> | undefined;

  constructor(settings: Settings, worker: Consuming, store: QueueStore, log: ConsumerLog) {
    this.#settings = settings;
    this.#worker = worker;
    this.#store = store;
    this.#log = log;
  }

  start(): void {
    this.#lanes ??= Promise.all(Array.from({ length: this.#settings.maxConcurrency }, () => this.#run())).then(
      () => undefined,
    );
  }

  /** Takes no more; what is under way goes on. */
  stop(): void {
    this.#stop.abort();
  }

  /** When what was under way is done. */
  async ended(): Promise<void> {
    await this.#lanes;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let pauseMs = leastPauseMs;
    while (!signal.aborted) {
      if (await this.#isLoaded()) {
        pauseMs = leastPauseMs;
        const { queue, maxBatchSize: size, maxBatchTimeout } = this.#settings;
        const messages = await this.#store.take({ queue, size, waitMs: maxBatchTimeout * 1000 }, signal);
        if (messages.length > 0) await this.#store.settle(await this.#deliver(messages));
        continue;
      }
      if (pauseMs === leastPauseMs) {
        this.#log.warn(`the queue ${this.#settings.queue} waits: its Worker cannot be loaded`);
      }
      await this.#pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, mostPauseMs);
    }
  }

  /** Whether the Worker can take any. A module that cannot be loaded must not use up attempts; why is in the log. */
  async #isLoaded(): Promise<boolean> {
    try {
      await this.#worker.start();
      return true;
    } catch {
      return false;
    }
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    timer.unref();
    this.#stop.signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
    return promise;
  }

  async #deliver(messages: readonly Delivered[]): Promise<Outcome> {
    const { queue } = this.#settings;
    const heads = messages.map(({ id, sent, attempts, contentType, body }) => ({
      id,
      sent,
      attempts,
      contentType,
      size: body.byteLength,
    }));
    const json = JSON.stringify({ queue, messages: heads });
    const bytes = Buffer.concat(messages.map(({ body }) => body));
    try {
      const answer = await this.#worker.send({ event: "queue", json, bytes: new Uint8Array(bytes) });
      return this.#outcome(messages, JSON.parse(Buffer.from(answer).toString()) as Marks);
    } catch (error) {
      if (error instanceof WorkerFailedError || this.#stop.signal.aborted) {
        return { ...nothing, released: messages.map(({ sequence }) => sequence) };
      }
      this.#log.error(`a batch of the queue ${queue} was lost on its way, and is tried again: ${messageOf(error)}`);
      return this.#outcome(messages, { failed: true, all: null, marks: [] });
    }
  }

  #outcome(messages: readonly Delivered[], { failed, all, marks }: Marks): Outcome {
    const { queue, retryDelay, maxRetries, deadLetterQueue } = this.#settings;
    const acked: number[] = [];
    const retried: { sequence: number; delaySeconds: number }[] = [];
    const dead: Delivered[] = [];
    for (const [index, message] of messages.entries()) {
      const mark = marks[index] ?? all ?? (failed ? { retry: null } : {});
      if (mark.retry === undefined) acked.push(message.sequence);
      else if (message.attempts > maxRetries) dead.push(message);
      else retried.push({ sequence: message.sequence, delaySeconds: mark.retry ?? retryDelay });
    }
    if (dead.length > 0) {
      const ids = dead.map(({ id }) => id).join(", ");
      const where =
        deadLetterQueue === undefined ? "are gone: there is no dead_letter_queue" : `go to ${deadLetterQueue}`;
      this.#log.warn(`messages of the queue ${queue} were tried ${maxRetries + 1} times, and ${where}: ${ids}`);
    }
    const sequences = dead.map(({ sequence }) => sequence);
    return { acked, retried, dead: { sequences, queue: deadLetterQueue }, released: [] };
  }
}
