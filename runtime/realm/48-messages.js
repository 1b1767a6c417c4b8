// Events that carry something. https://html.spec.whatwg.org/#messageevent, https://websockets.spec.whatwg.org/#the-closeevent-interface
"use strict";
{
  const { expose } = __blockon;

  class MessageEvent extends Event {
    #data;
    #origin;

    constructor(type, options = {}) {
      super(type, options);
      this.#data = options?.data ?? null;
      this.#origin = String(options?.origin ?? "");
    }

    get data() {
      return this.#data;
    }

    get origin() {
      return this.#origin;
    }
  }

  class CloseEvent extends Event {
    #code;
    #reason;
    #wasClean;

    constructor(type, options = {}) {
      super(type, options);
      this.#code = Number(options?.code ?? 0);
      this.#reason = String(options?.reason ?? "");
      this.#wasClean = Boolean(options?.wasClean);
    }

    get code() {
      return this.#code;
    }

    get reason() {
      return this.#reason;
    }

    get wasClean() {
      return this.#wasClean;
    }
  }

  class ErrorEvent extends Event {
    #message;
    #error;

    constructor(type, options = {}) {
      super(type, options);
      this.#message = String(options?.message ?? "");
      this.#error = options?.error;
    }

    get message() {
      return this.#message;
    }

    get error() {
      return this.#error;
    }
  }

  class CustomEvent extends Event {
    #detail;

    constructor(type, options = {}) {
      super(type, options);
      this.#detail = options?.detail ?? null;
    }

    get detail() {
      return this.#detail;
    }
  }

  for (const each of [MessageEvent, CloseEvent, ErrorEvent, CustomEvent]) expose(each.name, each);
}
