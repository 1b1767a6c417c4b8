// Requests that come in: each is given to a handler, and its answer sent to the host, whole in one message or as it comes.
//
//   host: request(id, ..., body, held)        realm: response(id, ..., bytes) | response(id, ..., null) -> credit, then what follows
//   host: request.chunk | request.end (id)    realm: response.chunk | response.end (id)
//   host: response.credit (id, bytes)         realm: request.credit (id, bytes) | request.stop (id)
//   host: cancel (id, text): who asked has    realm: response.error (id, text), before the head or after it
//         gone, or the body was too large
//
//   host: served.message | sent | closed (id) realm: response(id, 101, ..., null, true) -> credit, served.message | close | grant (id)
//
// The realm ends each exchange, once: by a whole `response`, by `response.end` or by `response.error`; that of a WebSocket by
// `response.end`, when the host has said that it is closed.
//
// For servers in Python (ASGI, WSGI) there is `exchangeApi`, which is `_blockon_host.exchange` there. It reads and writes bodies without
// stream objects; what it returns as a promise can be awaited or given to run_sync. It is told by the JavaScript Request and Response,
// whichever these are: those that a Worker made itself, or whose `body` somebody looked at, have streams, and are read through them.
//
//   readBody(request)        the next bytes, a Uint8Array (`.to_bytes()`); null at the end; or a promise of one of these. What comes
//                            at once is no promise. Throws, or is rejected by, an AbortError when the client has gone
//   readWhole(request)       all bytes where they are here already, as those of small bodies are; else undefined
//   newResponse(status, statusText, headers, body)
//                            a Response. `headers` is JSON: [[name, value], ...]. `body` is bytes, or null for one that is written:
//   write(response, bytes)   undefined: go on. A promise: wait for it before more is written, and return the response before, or else
//                            nobody reads. Throws an AbortError, or is rejected by it, when nobody reads any more
//   end(response)            after it nothing is written. What was written and ended before the handler returned goes as one message
//   fail(response, text)     cuts the body off: the client can tell that it is not whole, and the log has the text
//   disconnected(request)    a promise of true when the client goes, of false when its response was sent
//   isDisconnected(request)  the same as it stands now
//
//   acceptWebSocket(protocol, headers)
//                            a Response that accepts the WebSocket that was asked for; `protocol` is a string or null
//   readMessage(response)    the next message, a string or a Uint8Array; after the last an object {code, reason, clean}; or a promise of
//                            one of these
//   messageArrived(response) undefined when readMessage() gives one at once, else a promise: who gives it up loses none
//   sendMessage(response, data)
//                            a string, or bytes. undefined: go on. A promise: wait for it before more is sent. When it is closed
//                            nothing is sent: isClosed(response) tells
//   closeWebSocket(response, code, reason)
//
// More of it is in 88-websockets.js.
"use strict";
{
  const { bridge, on, Body, Arrival, IncomingBody, PipeBody, OutgoingBody } = __blockon;
  const { abortRequest, incomingRequest, exchangeOfRequest, makeResponse, takeWire, Wire, checkClose } = __blockon;
  const { linesOfHeaders, responseLines, encodingFor, encodedSource, sourceOfBytes } = __blockon;
  // A Worker may put others in their places.
  const { DOMException, Headers } = globalThis;
  const encoder = new TextEncoder();
  const noBytes = new Uint8Array(0);

  /** @type {Map<number, Exchange>} */
  const exchanges = new Map();
  /** By the Request: what reads its body. @type {WeakMap<object, any>} */
  const sources = new WeakMap();
  /** By the Response: what its body is written to. @type {WeakMap<object, any>} */
  const pipes = new WeakMap();
  /** By the Response: the WebSocket that it accepts. @type {WeakMap<object, any>} */
  const wires = new WeakMap();

  class Exchange {
    #id;
    request;
    arrival = null;
    outgoing = null;
    wire = null;
    /** null, or true for a client that has gone, false for a response that was sent. */
    over = null;
    #over = null;
    #reason = null;
    #isAnswered = false;
    #isEnded = false;

    /** @param {string} headers name and value, each a line */
    constructor(id, method, url, headers, body, held, client) {
      this.#id = id;
      this.client = client;
      let content = body;
      if (body === true) {
        const grant = (bytes) => bridge.call("request.credit", id, bytes);
        this.arrival = new Arrival(grant, () => bridge.call("request.stop", id), held);
        content = new IncomingBody(this.arrival);
      }
      this.request = incomingRequest(method, url, headers, content, this);
      exchanges.set(id, this);
    }

    /** @returns {Promise<boolean>} */
    whenOver() {
      if (this.over !== null) return Promise.resolve(this.over);
      this.#over ??= Promise.withResolvers();
      return this.#over.promise;
    }

    #isOver(gone) {
      if (this.over !== null) return;
      this.over = gone;
      this.#over?.resolve(gone);
    }

    cancel(text) {
      this.#reason = new DOMException(text, "AbortError");
      this.#isOver(true);
      this.arrival?.fail(this.#reason);
      this.outgoing?.stop(this.#reason);
      abortRequest(this.request, this.#reason);
    }

    /** The host has closed the WebSocket. */
    closed(code, reason, clean) {
      this.#isOver(true);
      this.wire.deliverClose(code, reason, clean);
      bridge.call("response.end", this.#id);
      this.#end();
    }

    /** Nothing of this exchange will follow. */
    #end() {
      this.#isEnded = true;
      exchanges.delete(this.#id);
      this.#isOver(false);
      this.arrival?.fail(new TypeError("the request's body cannot be read when the response was sent"));
    }

    fail(text) {
      if (this.#isEnded) {
        bridge.call("log", "error", text);
        return;
      }
      bridge.call("response.error", this.#id, text);
      this.#end();
    }

    /**
     * The first answer counts: that of a WebSocket comes before its handler has ended.
     * @param {Response} response @param {(error: any) => string} textOf
     */
    answer(response, textOf) {
      if (this.#isAnswered) return;
      this.#isAnswered = true;
      const { status, statusText } = response;
      let headers = responseLines(response);
      const wire = wires.get(response) ?? takeWire(response);
      if (wire !== null) {
        const credit = bridge.call("response", this.#id, status, statusText, headers, null, true);
        this.wire = wire;
        const sink = {
          message: (data) => bridge.call("served.message", this.#id, data),
          close: (code, reason) => bridge.call("served.close", this.#id, code, reason),
          grant: (size) => bridge.call("served.grant", this.#id, size),
        };
        wire.connect(sink, credit);
        return;
      }
      let content = Body.takeText(response, "the handler's answer");
      const encoding = content === null ? null : encodingFor(response, headers);
      if (encoding !== null) {
        const bytes = typeof content === "string" ? encoder.encode(content) : content;
        content = encodedSource(bytes instanceof Uint8Array ? sourceOfBytes(bytes) : bytes, encoding);
        const others = new Headers(response.headers);
        others.delete("content-length");
        headers = linesOfHeaders(others);
      }
      const isWhole = typeof content === "string" || content instanceof Uint8Array;
      const whole = content === null ? noBytes : isWhole ? content : content.whole();
      if (whole !== undefined) {
        bridge.call("response", this.#id, status, statusText, headers, whole, false);
        this.#end();
        return;
      }
      const credit = bridge.call("response", this.#id, status, statusText, headers, null, false);
      this.outgoing = new OutgoingBody(content, credit, {
        write: (bytes) => bridge.call("response.chunk", this.#id, bytes),
        end: () => {
          bridge.call("response.end", this.#id);
          this.#end();
        },
        fail: (error) => this.fail(textOf(error)),
      });
      if (this.#reason !== null) this.outgoing.stop(this.#reason);
      void this.outgoing.run();
    }
  }

  __blockon.exchangesUnderWay = () => exchanges.size;

  /** The address and the port that a request came from, a line each; two empty lines for one that came from nowhere. */
  __blockon.clientOf = (request) => exchangeOfRequest(request)?.client || "\n";

  on("request.chunk", (id, bytes) => exchanges.get(id)?.arrival?.push(bytes));
  on("request.end", (id) => exchanges.get(id)?.arrival?.end());
  on("response.credit", (id, bytes) => exchanges.get(id)?.outgoing?.grant(bytes));
  on("served.message", (id, data) => exchanges.get(id)?.wire?.deliver(data));
  on("served.sent", (id, size) => exchanges.get(id)?.wire?.sent(size));
  on("served.closed", (id, code, reason, clean) => exchanges.get(id)?.closed(code, reason, clean));
  on("cancel", (id, text) => exchanges.get(id)?.cancel(text));

  // The number is that by which the host's watchdog knows it (runtime/pool/request_numbers.ts).
  /** @param {(request: Request, number: number) => Promise<Response>} handle @param {(error: any) => string} textOf What the log is to have of an error. */
  __blockon.onRequest = (handle, textOf) => {
    on("request", (id, method, url, headers, body, held, client) => {
      let exchange;
      try {
        exchange = new Exchange(id, method, url, headers, body, held, client);
      } catch (error) {
        bridge.call("response.error", id, textOf(error));
        return;
      }
      handle(exchange.request, (id * 2) >>> 0)
        .then((response) => exchange.answer(response, textOf))
        .catch((error) => exchange.fail(textOf(error)));
    });
  };

  const pipeOf = (response) => {
    const pipe = pipes.get(response);
    if (pipe === undefined) throw new TypeError("the response was not made by newResponse() to be written");
    return pipe;
  };

  const wireOf = (response) => {
    const wire = wires.get(response);
    if (wire === undefined) throw new TypeError("the response was not made by acceptWebSocket()");
    return wire;
  };

  __blockon.wires = wires;
  /** @param {[string, string][]} headers @param {Uint8Array | string | null} body null for one that is written */
  const newResponse = (status, statusText, headers, body) => {
    const pipe = body === null ? new PipeBody() : body;
    const response = makeResponse(status, statusText, headers, pipe);
    if (body === null) pipes.set(response, pipe);
    return response;
  };

  __blockon.newExchangeResponse = newResponse;
  __blockon.exchangeApi = {
    readBody(request) {
      let source = sources.get(request);
      if (source === undefined) {
        const content = Body.take(request, "readBody");
        if (content === null || content instanceof Uint8Array) {
          sources.set(request, { read: () => null });
          return content;
        }
        source = content;
        sources.set(request, source);
      }
      return source.read();
    },
    readWhole(request) {
      const content = Body.peek(request);
      if (content !== null && !(content instanceof Uint8Array) && !content.isWhole?.()) return undefined;
      const taken = Body.take(request, "readWhole");
      if (taken === null) return new Uint8Array(0);
      return taken instanceof Uint8Array ? taken : taken.whole();
    },
    newResponse: (status, statusText, headers, body) => newResponse(status, statusText, JSON.parse(headers), body),
    write: (response, bytes) => pipeOf(response).write(bytes),
    end: (response) => pipeOf(response).end(),
    fail: (response, text) => pipeOf(response).fail(new Error(String(text))),
    acceptWebSocket(protocol, headers) {
      const response = makeResponse(101, "", JSON.parse(headers), null);
      if (typeof protocol === "string") response.headers.set("sec-websocket-protocol", protocol);
      wires.set(response, new Wire());
      return response;
    },
    readMessage: (response) => wireOf(response).read(),
    sendMessage(response, data) {
      const wire = wireOf(response);
      wire.send(data);
      return wire.room();
    },
    closeWebSocket(response, code, reason) {
      checkClose(code, reason);
      wireOf(response).close(code, reason);
    },
    messageArrived: (response) => wireOf(response).arrived(),
    isClosed: (response) => wireOf(response).isClosing,
    disconnected(request) {
      const exchange = exchangeOfRequest(request);
      if (exchange !== undefined) return exchange.whenOver();
      return new Promise((resolve) => {
        if (request.signal.aborted) resolve(true);
        else request.signal.addEventListener("abort", () => resolve(true), { once: true });
      });
    },
    isDisconnected(request) {
      const exchange = exchangeOfRequest(request);
      return exchange === undefined ? request.signal.aborted : exchange.over === true;
    },
  };
}
