// A Worker's resets that take too long. There is one timer for all of them, which runs out at most that often: to begin one and end it
// for each takes longer than a part of the reset.

/** What a reset is waited for by. */
export type Reset = PromiseWithResolvers<string | null>;

export class LateReset {
  readonly #mostMs: number;
  #waited: { readonly reset: Reset; readonly since: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param mostMs How long one may take. */
  constructor(mostMs: number) {
    this.#mostMs = mostMs;
  }

  /** Resolves to what the reset does, or to that it is late. One at a time. */
  async wait(reset: Reset): Promise<string | null> {
    this.#waited = { reset, since: performance.now() };
    this.#timer ??= this.#newTimer(this.#mostMs);
    try {
      return await reset.promise;
    } finally {
      this.#waited = undefined;
    }
  }

  #newTimer(afterMs: number): NodeJS.Timeout {
    // The thread that is waited for keeps the process.
    return setTimeout(() => this.#look(), afterMs).unref();
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#waited === undefined) return;
    const { reset, since } = this.#waited;
    const left = since + this.#mostMs - performance.now();
    if (left > 0) this.#timer = this.#newTimer(Math.ceil(left));
    else reset.resolve(`it was not reset within ${this.#mostMs / 1000} s`);
  }
}
