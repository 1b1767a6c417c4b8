// Response. https://fetch.spec.whatwg.org/#response-class
"use strict";
{
  const { expose, Body, extractBody, takeSocket, fixedLength, headersOfLines, linesOfHeaders } = __blockon;
  // A Worker may put others in their places.
  const { Headers, URL, WebSocket } = globalThis;
  const nullBodyStatus = new Set([101, 103, 204, 205, 304]);
  /** Has the constructor leave all to #made. */
  const made = {};

  /** Content codings that the host's fetch decodes. */
  const decodedByHost = new Set(["gzip", "x-gzip", "deflate", "br", "zstd"]);
  /** Those of them that an answer may get here (85-encoding.js). */
  const againByRealm = new Set(["gzip", "br"]);

  class Response extends Body {
    #status;
    #statusText;
    /** Headers; until somebody asks, maybe their lines. */
    #headers;
    #url = "";
    #redirected = false;
    #type = "default";
    /** What was given for Cloudflare's network. */
    #cf;
    /** Whether a body goes through the Content-Encoding that the headers name when it is sent: one that a program made does, unless it says no. */
    #encodes = false;
    /** The end of a WebSocketPair that the client gets, or what was fetched. */
    #webSocket = null;

    constructor(body = null, init = {}) {
      super();
      if (body === made) return;
      const options = init ?? {};
      this.#status = options.status === undefined ? 200 : Number(options.status);
      const webSocket = options.webSocket ?? null;
      if (webSocket !== null) {
        if (!(webSocket instanceof WebSocket))
          throw new TypeError("Response: webSocket must be an end of a WebSocketPair");
        if (this.#status !== 101) throw new RangeError("Response: a response with a webSocket has the status 101");
        if (body !== null && body !== undefined)
          throw new TypeError("Response: a response with a webSocket has no body");
        this.#webSocket = webSocket;
      } else if (!Number.isInteger(this.#status) || this.#status < 200 || this.#status > 599) {
        throw new RangeError(`Response: the status ${options.status} is not between 200 and 599`);
      }
      this.#statusText = options.statusText === undefined ? "" : String(options.statusText);
      if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(this.#statusText)) {
        throw new TypeError("Response: statusText holds a character that a status line cannot carry");
      }
      const { encodeBody } = options;
      if (encodeBody !== undefined && encodeBody !== "automatic" && encodeBody !== "manual")
        throw new TypeError(`Response: encodeBody is "automatic" or "manual", not ${JSON.stringify(encodeBody)}`);
      this.#encodes = encodeBody !== "manual";
      this.#cf = options.cf ?? undefined;
      this.#headers = new Headers(options.headers);
      const extracted = extractBody(body);
      if (extracted === null) return;
      if (nullBodyStatus.has(this.#status)) {
        throw new TypeError(`Response: a response with status ${this.#status} cannot have a body`);
      }
      if (extracted.type !== null && !this.#headers.has("content-type")) {
        this.#headers.set("content-type", extracted.type);
      }
      // Most are text, and have none.
      const length = typeof extracted.content === "string" ? undefined : fixedLength(extracted.content);
      if (length !== undefined && !this.#headers.has("content-length")) this.#headers.set("content-length", length);
      Body.set(this, extracted.content);
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

    static #made = (status, statusText, headers, content) => {
      const response = new Response(made);
      response.#status = status;
      response.#statusText = statusText;
      response.#headers = typeof headers === "string" ? headers : new Headers(headers);
      Body.set(response, content);
      return response;
    };

    /** As linesOfHeaders() has them. */
    static #linesOf = (response) =>
      typeof response.#headers === "string" ? response.#headers : linesOfHeaders(response.headers);

    /** The Content-Encoding that a body is to get when it is sent, where there is code for it; else null. @param {string} lines its headers' */
    static #encodingFor = (response, lines) => {
      if (!response.#encodes || !lines.includes("content-encoding\n")) return null;
      const encoding = response.headers.get("content-encoding").trim().toLowerCase();
      return againByRealm.has(encoding) ? encoding : null;
    };

    /** What a binding answered to a request for this URL. */
    static #reached = (response, url, redirected) => {
      response.#url = url;
      response.#redirected = redirected;
      return response;
    };

    static #isEncoded = (response) => response.#encodes;

    static #fetched = (status, statusText, url, redirected, headers, content, webSocket = null) => {
      const response = Response.#made(status, statusText, headers, content);
      response.#webSocket = webSocket;
      response.#url = url;
      response.#redirected = redirected;
      response.#type = "basic";
      Response.#tellDecoded(response);
      return response;
    };

    /** The host has decoded the body where it knows all of its codings: passed on, it gets its one coding again, and of others the headers go. */
    static #tellDecoded = (response) => {
      const { headers } = response;
      const codings = (headers.get("content-encoding") ?? "").toLowerCase().split(",");
      if (Body.peek(response) === null || !codings.every((coding) => decodedByHost.has(coding.trim()))) return;
      response.#encodes = codings.length === 1 && againByRealm.has(codings[0].trim());
      if (response.#encodes) return;
      headers.delete("content-encoding");
      headers.delete("content-length");
    };

    /** The wire of the WebSocket that the client gets, which can be given once; null for other responses. */
    static #takeWire = (response) => (response.#webSocket === null ? null : takeSocket(response.#webSocket));

    static {
      __blockon.takeWire = Response.#takeWire;
      __blockon.reached = Response.#reached;
      __blockon.encodingFor = Response.#encodingFor;
      __blockon.encodesBody = Response.#isEncoded;
      /** A response of these parts, of which none is checked but the headers; those may be lines for which areHeaderLines() is true. */
      __blockon.makeResponse = Response.#made;
      __blockon.responseLines = Response.#linesOf;
      /** What the host fetched. */
      __blockon.fetchedResponse = Response.#fetched;
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
      if (typeof this.#headers === "string") this.#headers = headersOfLines(this.#headers);
      return this.#headers;
    }

    get url() {
      return this.#url;
    }

    get redirected() {
      return this.#redirected;
    }

    get webSocket() {
      return this.#webSocket;
    }

    get type() {
      return this.#type;
    }

    get cf() {
      return this.#cf;
    }

    clone() {
      if (this.#webSocket !== null) throw new TypeError("clone: a response with a webSocket cannot be cloned");
      const content = Body.share(this);
      const copy = Response.#made(this.#status, this.#statusText, this.#headers, content);
      copy.#url = this.#url;
      copy.#redirected = this.#redirected;
      copy.#type = this.#type;
      copy.#cf = this.#cf;
      copy.#encodes = this.#encodes;
      return copy;
    }

    get [Symbol.toStringTag]() {
      return "Response";
    }
  }

  expose("Response", Response);
}
