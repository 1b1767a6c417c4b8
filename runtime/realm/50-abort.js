// Event, EventTarget, DOMException, AbortController and AbortSignal. https://dom.spec.whatwg.org/
"use strict";
{
  const { expose } = __blockon;
  const codes = { AbortError: 20, TimeoutError: 23, DataCloneError: 25, NetworkError: 19, NotSupportedError: 9 };

  class DOMException extends Error {
    #name;

    constructor(message = "", name = "Error") {
      super(message);
      this.#name = String(name);
    }

    get name() {
      return this.#name;
    }

    get code() {
      return codes[this.#name] ?? 0;
    }
  }

  class Event {
    #type;
    #cancelable;
    #prevented = false;
    target = null;
    currentTarget = null;
    stopped = false;

    constructor(type, options = {}) {
      this.#type = String(type);
      this.#cancelable = Boolean(options?.cancelable);
    }

    get type() {
      return this.#type;
    }

    get cancelable() {
      return this.#cancelable;
    }

    get defaultPrevented() {
      return this.#prevented;
    }

    preventDefault() {
      if (this.#cancelable) this.#prevented = true;
    }

    stopImmediatePropagation() {
      this.stopped = true;
    }
  }

  class EventTarget {
    /** @type {Map<string, {callback: any, once: boolean}[]>} */
    #listeners = new Map();

    addEventListener(type, callback, options = undefined) {
      if (callback === null || callback === undefined) return;
      const listeners = this.#listeners.get(type) ?? [];
      if (listeners.some((listener) => listener.callback === callback)) return;
      listeners.push({ callback, once: typeof options === "object" && Boolean(options?.once) });
      this.#listeners.set(type, listeners);
    }

    removeEventListener(type, callback) {
      const listeners = this.#listeners.get(type)?.filter((listener) => listener.callback !== callback);
      if (listeners !== undefined) this.#listeners.set(type, listeners);
    }

    dispatchEvent(event) {
      event.target = this;
      event.currentTarget = this;
      const handler = this[`on${event.type}`];
      const listeners = [...(this.#listeners.get(event.type) ?? [])];
      if (typeof handler === "function") listeners.unshift({ callback: handler, once: false });
      for (const { callback, once } of listeners) {
        if (event.stopped) break;
        if (once) this.removeEventListener(event.type, callback);
        try {
          if (typeof callback === "function") callback.call(this, event);
          else callback.handleEvent(event);
        } catch (error) {
          console.error("Uncaught", error);
        }
      }
      event.currentTarget = null;
      return !event.defaultPrevented;
    }
  }

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

  expose("DOMException", DOMException);
  expose("Event", Event);
  expose("EventTarget", EventTarget);
  expose("AbortSignal", AbortSignal);
  expose("AbortController", AbortController);
}
