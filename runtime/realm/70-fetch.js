// Request, Response and fetch. https://fetch.spec.whatwg.org/
//
// The host does the fetching. A fetch settles when the headers are there; its body is a promise until the last byte is. An error
// is a TypeError whose `cause` has the host's error code, such as ECONNREFUSED.
"use strict";
{
  const { bridge, on, expose, Body, extractBody } = __blockon;
  const nullBodyStatus = new Set([101, 103, 204, 205, 304]);
  const usualMethods = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH"]);
  const redirectModes = new Set(["follow", "manual", "error"]);

  class Request extends Body {
    #url;
    #method = "GET";
    #headers;
    #signal;
    #redirect = "follow";

    constructor(input, init = {}) {
      super();
      const options = init ?? {};
      let body = null;
      if (input instanceof Request) {
        this.#url = input.#url;
        this.#method = input.#method;
        this.#signal = input.#signal;
        this.#redirect = input.#redirect;
        if (options.body === undefined || options.body === null) body = Body.take(input, "Request");
      } else {
        const url = new URL(String(input));
        if (url.username !== "" || url.password !== "") {
          throw new TypeError(`Request: the URL ${url.href} has credentials in it; send an Authorization header`);
        }
        this.#url = url.href;
      }
      this.#headers = new Headers(options.headers ?? (input instanceof Request ? input.#headers : undefined));
      if (options.method !== undefined) {
        const method = String(options.method);
        if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method)) throw new TypeError(`Request: ${method} is not a method`);
        const upper = method.toUpperCase();
        if (upper === "CONNECT" || upper === "TRACE" || upper === "TRACK") {
          throw new TypeError(`Request: the method ${method} is forbidden`);
        }
        this.#method = usualMethods.has(upper) ? upper : method;
      }
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
        body = extracted.bytes;
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
      return this.#headers;
    }

    get redirect() {
      return this.#redirect;
    }

    get signal() {
      this.#signal ??= new AbortController().signal;
      return this.#signal;
    }

    clone() {
      if (this.bodyUsed) throw new TypeError("clone: the body was read already");
      const copy = new Request(this.#url, { method: this.#method, headers: this.#headers, redirect: this.#redirect });
      copy.#signal = this.#signal;
      Body.set(copy, Body.peek(this));
      return copy;
    }

    get [Symbol.toStringTag]() {
      return "Request";
    }
  }

  class Response extends Body {
    #status;
    #statusText;
    #headers;
    #url = "";
    #redirected = false;
    #type = "default";

    constructor(body = null, init = {}) {
      super();
      const options = init ?? {};
      this.#status = options.status === undefined ? 200 : Number(options.status);
      if (!Number.isInteger(this.#status) || this.#status < 200 || this.#status > 599) {
        throw new RangeError(`Response: the status ${options.status} is not between 200 and 599`);
      }
      this.#statusText = options.statusText === undefined ? "" : String(options.statusText);
      if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(this.#statusText)) {
        throw new TypeError("Response: statusText holds a character that a status line cannot carry");
      }
      this.#headers = new Headers(options.headers);
      const extracted = extractBody(body);
      if (extracted === null) return;
      if (nullBodyStatus.has(this.#status)) {
        throw new TypeError(`Response: a response with status ${this.#status} cannot have a body`);
      }
      if (extracted.type !== null && !this.#headers.has("content-type")) {
        this.#headers.set("content-type", extracted.type);
      }
      Body.set(this, extracted.bytes);
    }

    static json(data, init = {}) {
      const text = JSON.stringify(data);
      if (text === undefined) throw new TypeError("Response.json: the value has no JSON");
      const headers = new Headers(init?.headers);
      if (!headers.has("content-type")) headers.set("content-type", "application/json");
      return new Response(text, { ...init, headers });
    }

    static redirect(url, status = 302) {
      if (![301, 302, 303, 307, 308].includes(Number(status))) {
        throw new RangeError(`Response.redirect: ${status} is not the status of a redirect`);
      }
      return new Response(null, { status, headers: { location: new URL(String(url)).href } });
    }

    static error() {
      const response = new Response();
      response.#status = 0;
      response.#type = "error";
      return response;
    }

    /** What the host fetched; internal to this file. */
    static #fetched = (status, statusText, url, redirected, headers, body) => {
      const response = new Response();
      response.#status = status;
      response.#statusText = statusText;
      response.#url = url;
      response.#redirected = redirected;
      response.#type = "basic";
      response.#headers = new Headers(headers);
      Body.set(response, body);
      return response;
    };

    static {
      __blockon.fetched = Response.#fetched;
    }

    get status() {
      return this.#status;
    }

    get ok() {
      return this.#status >= 200 && this.#status <= 299;
    }

    get statusText() {
      return this.#statusText;
    }

    get headers() {
      return this.#headers;
    }

    get url() {
      return this.#url;
    }

    get redirected() {
      return this.#redirected;
    }

    get type() {
      return this.#type;
    }

    clone() {
      if (this.bodyUsed) throw new TypeError("clone: the body was read already");
      const body = Body.peek(this);
      return Response.#fetched(this.#status, this.#statusText, this.#url, this.#redirected, this.#headers, body);
    }

    get [Symbol.toStringTag]() {
      return "Response";
    }
  }

  const { fetched } = __blockon;
  delete __blockon.fetched;
  /** @type {Map<number, {head: PromiseWithResolvers<Response>, body: PromiseWithResolvers<Uint8Array>, ended: () => void}>} */
  const pending = new Map();
  let lastId = 0;

  /** Takes an exchange that ends now out of the pending ones. */
  const take = (id) => {
    const exchange = pending.get(id);
    pending.delete(id);
    exchange?.ended();
    return exchange;
  };

  on("fetch.head", (id, status, statusText, url, redirected, headers, hasBody) => {
    const exchange = pending.get(id);
    if (exchange === undefined) return;
    const body = hasBody ? exchange.body.promise : null;
    if (!hasBody) take(id);
    exchange.head.resolve(fetched(status, statusText, url, redirected, JSON.parse(headers), body));
  });
  on("fetch.body", (id, bytes) => {
    take(id)?.body.resolve(bytes);
  });
  const fail = (id, error) => {
    const exchange = take(id);
    exchange?.head.reject(error);
    exchange?.body.reject(error);
  };
  on("fetch.error", (id, code, message) => {
    const cause = new Error(message);
    cause.code = code;
    fail(id, new TypeError("fetch failed", { cause }));
  });

  expose("Request", Request);
  expose("Response", Response);
  /** @param {string | null} service The binding that is asked; null for `fetch`. */
  const start = async (service, input, init) => {
    const request = new Request(input, init);
    const { signal } = request;
    signal.throwIfAborted();
    const body = await Body.take(request, "fetch");
    signal.throwIfAborted();
    const id = ++lastId;
    const abort = () => {
      bridge.call("fetch.abort", id);
      fail(id, signal.reason);
    };
    const ended = () => signal.removeEventListener("abort", abort);
    const exchange = { head: Promise.withResolvers(), body: Promise.withResolvers(), ended };
    // Whoever reads the body gets its error; when nobody does, it is no unhandled rejection.
    exchange.body.promise.catch(() => {});
    pending.set(id, exchange);
    signal.addEventListener("abort", abort, { once: true });
    const headers = JSON.stringify([...request.headers]);
    try {
      bridge.call("fetch.start", id, request.method, request.url, headers, body, request.redirect, service);
    } catch (error) {
      fail(id, error);
    }
    return exchange.head.promise;
  };

  expose("fetch", async function fetch(input, init = undefined) {
    return start(null, input, init);
  });

  /** A binding of a service. */
  class Fetcher {
    #name;

    constructor(name) {
      this.#name = name;
    }

    async fetch(input, init = undefined) {
      return start(this.#name, input, init);
    }

    get [Symbol.toStringTag]() {
      return "Fetcher";
    }
  }

  __blockon.newService = (name) => new Fetcher(name);
}
