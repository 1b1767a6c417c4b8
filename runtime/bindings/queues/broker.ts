// Who waits for which messages: batches are given out when they are full, or when the first of their messages has waited long enough.
import type { Messages } from "./messages.ts";
import { ownMark, type ProcessMark } from "./process_mark.ts";
import type { Delivered } from "./protocol.ts";

export interface Taker {
  readonly id: number;
  readonly queue: string;
  readonly size: number;
  readonly waitMs: number;
}

export interface BrokerEvents {
  batch(id: number, messages: readonly Delivered[]): void;
  /** Another process takes the messages of this queue. */
  waits(queue: string, other: ProcessMark): void;
  failed(error: unknown): void;
}

/** How often it is looked for what another process has sent, or whether it has ended. */
const pollMs = 1000;
/** After a failure. */
const pauseMs = 5000;

export class Broker {
  readonly #messages: Messages;
  readonly #events: BrokerEvents;
  readonly #own: ProcessMark = ownMark();
  #takers: Taker[] = [];
  /** Queues that another process takes, which was told. */
  readonly #others = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(messages: Messages, events: BrokerEvents) {
    this.#messages = messages;
    this.#events = events;
  }

  take(taker: Taker): void {
    this.#takers.push(taker);
    this.look();
  }

  cancel(id: number): void {
    if (!this.#takers.some((taker) => taker.id === id)) return;
    this.#takers = this.#takers.filter((taker) => taker.id !== id);
    this.#events.batch(id, []);
  }

  /** Gives out what is ready, and comes again when there is more. */
  look(): void {
    clearTimeout(this.#timer);
    if (this.#takers.length === 0) return;
    let next = Date.now() + pollMs;
    try {
      for (const queue of new Set(this.#takers.map((taker) => taker.queue))) {
        if (this.#owns(queue)) next = Math.min(next, this.#give(queue));
      }
    } catch (error) {
      this.#events.failed(error);
      next = Date.now() + pauseMs;
    }
    if (this.#takers.length > 0) this.#timer = setTimeout(() => this.look(), Math.max(1, next - Date.now()));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#messages.disclaim(this.#own);
  }

  #owns(queue: string): boolean {
    const other = this.#messages.claim(queue, this.#own);
    if (other === undefined) {
      this.#others.delete(queue);
      return true;
    }
    if (!this.#others.has(queue)) this.#events.waits(queue, other);
    this.#others.add(queue);
    return false;
  }

  /** When to look again. */
  #give(queue: string): number {
    for (;;) {
      const taker = this.#takers.find((each) => each.queue === queue);
      if (taker === undefined) return Number.POSITIVE_INFINITY;
      const now = Date.now();
      const { count, first, next = Number.POSITIVE_INFINITY } = this.#messages.ready(queue, taker.size, now);
      const deadline = first === undefined ? Number.POSITIVE_INFINITY : first + taker.waitMs;
      if (count < taker.size && now < deadline) return Math.min(deadline, next);
      const messages = this.#messages.lease(queue, taker.size, now);
      this.#takers = this.#takers.filter((each) => each !== taker);
      this.#events.batch(taker.id, messages);
    }
  }
}
