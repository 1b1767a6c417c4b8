// structuredClone, MessageChannel and MessagePort, and scheduler.wait. https://html.spec.whatwg.org/#structured-cloning
//
// V8 does the cloning (jspi/engine/structured_clone.h). Objects of the web's classes are refused, but for Blob and File; ports cannot be
// transferred, so both of a channel stay in this realm.
"use strict";
{
  const { bridge, expose, makeBlob, blobBytes } = __blockon;

  const refuse = (message) => {
    throw new DOMException(message, "DataCloneError");
  };
  const cloneMarked = (object) => {
    if (object instanceof File)
      return new File([object], object.name, { type: object.type, lastModified: object.lastModified });
    if (object instanceof Blob) return makeBlob(blobBytes(object), object.type);
    return refuse(`${object[Symbol.toStringTag] ?? "an object"} cannot be cloned`);
  };
  // The prototypes of all classes that scripts before this one have exposed, and of those that the next will.
  const mark = (value) => {
    const isClass = typeof value === "function" && typeof value.prototype === "object" && value.prototype !== null;
    if (isClass && !(value.prototype instanceof Error)) bridge.markPrototype(value.prototype);
  };
  for (const name of __blockon.exposed) mark(globalThis[name]);
  __blockon.onExpose = mark;

  const clone = (value, transfer) => bridge.structuredClone(value, transfer, refuse, cloneMarked);
  const transferOf = (options) => (options?.transfer === undefined ? null : Array.from(options.transfer));

  expose("structuredClone", function structuredClone(value, options = undefined) {
    return clone(value, transferOf(options));
  });

  /** By which this file makes ports. */
  const key = Symbol("MessagePort");

  class MessagePort extends EventTarget {
    #other = null;
    #started = false;
    #closed = false;
    #onmessage = null;
    /** Messages that came before it was started. */
    #waiting = [];
    onmessageerror = null;
    onclose = null;

    constructor(secret) {
      if (secret !== key) throw new TypeError("Illegal constructor");
      super();
    }

    static #entangle = (one, other) => {
      one.#other = other;
      other.#other = one;
    };

    static {
      __blockon.entangle = MessagePort.#entangle;
    }

    get onmessage() {
      return this.#onmessage;
    }

    set onmessage(callback) {
      this.#onmessage = callback;
      if (callback !== null) this.start();
    }

    postMessage(message, options = undefined) {
      const transfer = Array.isArray(options) ? options : transferOf(options);
      const data = clone(message, transfer);
      const other = this.#other;
      if (!this.#closed) setImmediate(() => other.#deliver(data));
    }

    #deliver(data) {
      if (this.#closed) return;
      if (this.#started) this.dispatchEvent(new MessageEvent("message", { data }));
      else this.#waiting.push(data);
    }

    start() {
      if (this.#started) return;
      this.#started = true;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const data of waiting) setImmediate(() => this.#deliver(data));
    }

    close() {
      if (this.#closed) return;
      this.#closed = true;
      const other = this.#other;
      setImmediate(() => {
        if (other.#closed) return;
        other.#closed = true;
        other.dispatchEvent(new Event("close"));
      });
    }

    get [Symbol.toStringTag]() {
      return "MessagePort";
    }
  }
  const { entangle } = __blockon;
  delete __blockon.entangle;

  class MessageChannel {
    #ports = [new MessagePort(key), new MessagePort(key)];

    constructor() {
      entangle(...this.#ports);
    }

    get port1() {
      return this.#ports[0];
    }

    get port2() {
      return this.#ports[1];
    }

    get [Symbol.toStringTag]() {
      return "MessageChannel";
    }
  }

  expose("MessagePort", MessagePort);
  expose("MessageChannel", MessageChannel);

  class Scheduler {
    /** A promise that is there after so many milliseconds. */
    wait(ms, options = undefined) {
      const signal = options?.signal;
      return new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const abort = () => {
          clearTimeout(timer);
          reject(signal.reason);
        };
        const timer = setTimeout(() => {
          signal?.removeEventListener("abort", abort);
          resolve();
        }, ms);
        signal?.addEventListener("abort", abort, { once: true });
      });
    }

    get [Symbol.toStringTag]() {
      return "Scheduler";
    }
  }
  expose("scheduler", new Scheduler());
}
