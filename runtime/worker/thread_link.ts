// The way between the pool and a Worker's thread: messages of protocol.ts, in the order in which they are posted.
import { loadAddon, type ThreadChannel } from "../addon.ts";
import { decode, encode } from "./message_text.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";

export class ThreadLink<Sent extends ToWorker | FromWorker> {
  readonly #channel: ThreadChannel;

  constructor(channel: ThreadChannel) {
    this.#channel = channel;
  }

  post(message: Sent): void {
    const [text, bytes] = encode(message);
    this.#channel.post(text, bytes);
  }

  /** What has come is received before this returns. */
  drain(): void {
    this.#channel.drain();
  }

  /** Nothing is received any more. */
  close(): void {
    this.#channel.close();
  }
}

/** The pool's end, and the number by which the Worker's thread finds its own. */
export function openLink(receive: (message: FromWorker) => void): { link: ThreadLink<ToWorker>; number: number } {
  const channel = loadAddon().openChannel((text, bytes) => receive(decode(text, bytes) as FromWorker));
  return { link: new ThreadLink(channel), number: channel.number };
}

/** The Worker's end, which keeps its thread going. */
export function joinLink(number: number, receive: (message: ToWorker) => void): ThreadLink<FromWorker> {
  const channel = loadAddon().joinChannel(number, (text, bytes) => receive(decode(text, bytes) as ToWorker));
  channel.hold(true);
  return new ThreadLink(channel);
}
