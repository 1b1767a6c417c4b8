// Request. https://fetch.spec.whatwg.org/#request-class
"use strict";
{
  const { expose, Body, extractBody, headersOfLines, linesOfHeaders } = __blockon;
  // A Worker may put others in their places.
  const { AbortController, AbortSignal, Headers, URL } = globalThis;
  const usualMethods = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH"]);
  const redirectModes = new Set(["follow", "manual", "error"]);
  /** Has the constructor leave all to #incoming. */
  const incoming = {};

  class Request extends Body {
    #url;
    #method = "GET";
    /** Headers; of a request that came in, until somebody asks, name and value, each a line. */
    #headers;
    /** What answers it (86-exchanges.js); null for one that did not come in. */
    #exchange = null;
    #signal;
    /** Of a signal that was made here. */
    #controller;
    #redirect = "follow";
    /** What Cloudflare's network is to do with it, or knows of it: kept for whoever asks. */
    #cf;

    constructor(input, init = {}) {
      super();
      if (input === incoming) return;
      const options = init ?? {};
      let body = null;
      if (input instanceof Request) {
        this.#url = input.#url;
        this.#method = input.#method;
        this.#signal = input.signal;
        this.#redirect = input.#redirect;
        this.#cf = input.#cf;
        if (options.body === undefined || options.body === null) body = Body.move(input, "Request");
      } else {
        const url = new URL(String(input));
        if (url.username !== "" || url.password !== "") {
          throw new TypeError(`Request: the URL ${url.href} has credentials in it; send an Authorization header`);
        }
        this.#url = url.href;
      }
      this.#headers = new Headers(options.headers ?? (input instanceof Request ? input.headers : undefined));
      if (options.method !== undefined) {
        const method = String(options.method);
        if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method)) throw new TypeError(`Request: ${method} is not a method`);
        const upper = method.toUpperCase();
        if (upper === "CONNECT" || upper === "TRACE" || upper === "TRACK") {
          throw new TypeError(`Request: the method ${method} is forbidden`);
        }
        this.#method = usualMethods.has(upper) ? upper : method;
      }
      if (body !== null && options.method !== undefined && (this.#method === "GET" || this.#method === "HEAD")) {
        throw new TypeError(`Request: a ${this.#method} cannot have a body`);
      }
      if (options.cf !== undefined) this.#cf = options.cf ?? undefined;
      if (options.redirect !== undefined) {
        if (!redirectModes.has(options.redirect)) throw new TypeError(`Request: unknown redirect ${options.redirect}`);
        this.#redirect = options.redirect;
      }
      if (options.signal !== undefined && options.signal !== null) {
        if (!(options.signal instanceof AbortSignal)) throw new TypeError("Request: signal must be an AbortSignal");
        this.#signal = options.signal;
      }
      const extracted = extractBody(options.body);
      if (extracted !== null) {
        if (this.#method === "GET" || this.#method === "HEAD") {
          throw new TypeError(`Request: a ${this.#method} cannot have a body`);
        }
        if (extracted.type !== null && !this.#headers.has("content-type")) {
          this.#headers.set("content-type", extracted.type);
        }
        body = extracted.content;
      }
      Body.set(this, body);
    }

    get url() {
      return this.#url;
    }

    get method() {
      return this.#method;
    }

    get headers() {
      if (typeof this.#headers === "string") this.#headers = headersOfLines(this.#headers);
      return this.#headers;
    }

    get redirect() {
      return this.#redirect;
    }

    /** Of a request that came in there is none. */
    get cf() {
      return this.#cf;
    }

    get cache() {
      return "default";
    }

    get integrity() {
      return "";
    }

    get keepalive() {
      return false;
    }

    get signal() {
      if (this.#signal === undefined) {
        this.#controller = new AbortController();
        this.#signal = this.#controller.signal;
      }
      return this.#signal;
    }

    /** Who sent it has gone. Most requests are never asked for their signal: it is made then. */
    static #abort = (request, reason) => {
      if (request.#controller !== undefined) request.#controller.abort(reason);
      else request.#signal ??= AbortSignal.abort(reason);
    };

    /**
     * A request that came in: what the host says of it is checked, and its URL in normal form.
     * @param {string} lines of the headers
     */
    static #incoming = (method, url, lines, content, exchange) => {
      // These methods and credentials are refused by the constructor.
      const isUsual = usualMethods.has(method) && !url.includes("@");
      const request = isUsual ? new Request(incoming) : new Request(url, { method });
      request.#method = method;
      request.#url = url;
      request.#headers = lines;
      request.#exchange = exchange;
      // Who passes it on passes redirects back to the client, whose they are to follow.
      request.#redirect = "manual";
      Body.set(request, content);
      return request;
    };

    /** @param {any} value @returns {any} undefined for what did not come in */
    static #exchangeOf = (value) => {
      const isRequest = typeof value === "object" && value !== null && #exchange in value;
      return isRequest ? (value.#exchange ?? undefined) : undefined;
    };

    /** The headers as they came, or as they are. */
    static #linesOf = (request) =>
      typeof request.#headers === "string" ? request.#headers : linesOfHeaders(request.#headers);

    static {
      __blockon.abortRequest = Request.#abort;
      __blockon.incomingRequest = Request.#incoming;
      __blockon.exchangeOfRequest = Request.#exchangeOf;
      __blockon.headerLines = Request.#linesOf;
    }

    clone() {
      const content = Body.share(this);
      const copy = new Request(this.#url, { method: this.#method, headers: this.headers, redirect: this.#redirect });
      copy.#signal = this.signal;
      copy.#cf = this.#cf;
      Body.set(copy, content);
      return copy;
    }

    get [Symbol.toStringTag]() {
      return "Request";
    }
  }

  expose("Request", Request);
}
