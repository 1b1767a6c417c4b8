// AbortController and AbortSignal. https://dom.spec.whatwg.org/#aborting-ongoing-activities
"use strict";
{
  const { expose } = __blockon;

  /** Only this file makes signals and aborts them. */
  const key = Symbol("AbortSignal");

  class AbortSignal extends EventTarget {
    #aborted = false;
    #reason;
    onabort = null;

    constructor(secret) {
      if (secret !== key) throw new TypeError("Illegal constructor");
      super();
    }

    get aborted() {
      return this.#aborted;
    }

    get reason() {
      return this.#reason;
    }

    throwIfAborted() {
      if (this.#aborted) throw this.#reason;
    }

    [key](reason) {
      if (this.#aborted) return;
      this.#aborted = true;
      this.#reason = reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
      this.dispatchEvent(new Event("abort"));
    }

    static abort(reason = undefined) {
      const signal = new AbortSignal(key);
      signal[key](reason);
      return signal;
    }

    static timeout(ms) {
      const signal = new AbortSignal(key);
      setTimeout(() => signal[key](new DOMException("The operation was aborted due to timeout", "TimeoutError")), ms);
      return signal;
    }

    static any(signals) {
      const result = new AbortSignal(key);
      for (const signal of signals) {
        if (signal.aborted) {
          result[key](signal.reason);
          break;
        }
        signal.addEventListener("abort", () => result[key](signal.reason), { once: true });
      }
      return result;
    }
  }

  class AbortController {
    #signal = new AbortSignal(key);

    get signal() {
      return this.#signal;
    }

    abort(reason = undefined) {
      this.#signal[key](reason);
    }
  }

  expose("AbortSignal", AbortSignal);
  expose("AbortController", AbortController);
}
