// Requests that come while their Worker is loaded: the pool posts them as soon as there is a thread, and they begin when the module is there,
// in the turn of the event loop in which it is. In their order, with what follows them.
import type { FromExchange, ToExchange } from "./protocol.ts";

export class EarlyRequests {
  readonly #receive: (message: ToExchange) => void;
  readonly #post: (message: FromExchange) => void;
  #held: ToExchange[] | undefined = [];

  /** @param receive Takes a message as it came. @param post Answers requests of which the Worker is to hear nothing. */
  constructor(receive: (message: ToExchange) => void, post: (message: FromExchange) => void) {
    this.#receive = receive;
    this.#post = post;
  }

  /** Whether the message waits for begin(): so it does until then. */
  holds(message: ToExchange): boolean {
    this.#held?.push(message);
    return this.#held !== undefined;
  }

  /** The Worker is loaded, and the pool knows it. Those that were given up meanwhile do not begin. */
  begin(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    const givenUp = new Set(held.filter(({ type }) => type === "cancel").map(({ id }) => id));
    for (const id of givenUp) {
      this.#post({ type: "response.error", id, text: "the request was given up before the Worker was there" });
    }
    for (const message of held) if (!givenUp.has(message.id)) this.#receive(message);
  }
}
