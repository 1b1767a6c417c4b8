// What a Worker was given beside requests (a scheduled trigger, another Worker's call) and has not answered.
import type { FromWorker } from "../worker/protocol.ts";

/** The Worker's code failed at an event: the error's name and message are for who asked for it, the text is for the log. */
export class EventError extends Error {
  readonly text: string;

  constructor(name: string, message: string, text: string) {
    super(message);
    this.name = name;
    this.text = text;
  }
}

/** The event took longer than it might, and its interpreter was ended. */
export class EventTimeoutError extends Error {
  override readonly name = "EventTimeoutError";
}

export interface GuestEvent {
  readonly event: "scheduled" | "queue" | "call" | "function" | "stop" | "load";
  readonly json: string;
  readonly bytes: Uint8Array | null;
  /** How many calls of Workers led to it, each made for the one before. */
  readonly depth?: number;
  /** For which of the Worker's interpreters it is, where it has several. */
  readonly interpreter?: string | undefined;
}

/** How a log names it. */
export function nameOfEvent({ event }: GuestEvent): string {
  const names = { scheduled: "a scheduled trigger", queue: "a batch of a queue", call: "a call", function: "a call" };
  return event in names ? names[event as keyof typeof names] : event;
}

export class GuestEvents {
  readonly #pending = new Map<number, PromiseWithResolvers<Uint8Array>>();
  #lastId = 0;

  get size(): number {
    return this.#pending.size;
  }

  has(id: number): boolean {
    return this.#pending.has(id);
  }

  /** The answer rejects with EventError, or with what is given to lost(). */
  begin(post: (id: number) => void): { readonly id: number; readonly answer: Promise<Uint8Array> } {
    const id = ++this.#lastId;
    const pending = Promise.withResolvers<Uint8Array>();
    this.#pending.set(id, pending);
    post(id);
    return { id, answer: pending.promise };
  }

  receive(message: Extract<FromWorker, { type: "eventDone" | "eventFailed" }>, mask: (text: string) => string): void {
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.type === "eventDone") pending?.resolve(message.bytes);
    else pending?.reject(new EventError(message.name, message.message, mask(message.text)));
  }

  lost(error: Error): void {
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}
