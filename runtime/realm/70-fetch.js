// fetch, and the bindings of services. https://fetch.spec.whatwg.org/#fetch-method
//
//   realm: fetch.start(id, ...) -> credit    host: fetch.head | fetch.error           the request and the response's head
//   realm: fetch.write | close | fail(id)    host: fetch.credit(id, bytes) | stop     a request's body that is no bytes yet
//   realm: fetch.grant(id, bytes) | drop     host: fetch.chunk(id, bytes) | end       the response's body
//   realm: fetch.start(id, ..., socket)      host: fetch.socket                       a WebSocket, whose number the realm gives (66-websocket.js)
//
// A fetch settles when the headers are there. An error is a TypeError whose `cause` has the host's error code, such as ECONNREFUSED.
"use strict";
{
  const { bridge, on, expose, Body, Arrival, IncomingBody, OutgoingBody, fetchedResponse } = __blockon;
  const { newSocketId, openedSocket } = __blockon;
  // A Worker may put another in its place.
  const { Request } = globalThis;

  /** @type {Map<number, {head: PromiseWithResolvers<Response>, arrival: any, outgoing: any, socket: number | null, ended: () => void}>} */
  const exchanges = new Map();
  let lastId = 0;

  /** Takes an exchange that ends now out. */
  const take = (id) => {
    const exchange = exchanges.get(id);
    exchanges.delete(id);
    exchange?.ended();
    return exchange;
  };
  const fail = (id, error) => {
    const exchange = take(id);
    if (exchange === undefined) return;
    exchange.outgoing?.stop(error);
    exchange.head.reject(error);
    exchange.arrival.fail(error);
  };

  const unreadError = () => new TypeError("the request's body is not read any more");

  on("fetch.head", (id, status, statusText, url, redirected, headers, hasBody) => {
    const exchange = exchanges.get(id);
    if (exchange === undefined) return;
    const body = hasBody ? new IncomingBody(exchange.arrival) : null;
    if (!hasBody) take(id);
    exchange.head.resolve(fetchedResponse(status, statusText, url, redirected, JSON.parse(headers), body));
  });
  on("fetch.socket", (id, status, statusText, url, redirected, headers, protocol, credit) => {
    const { socket } = exchanges.get(id) ?? {};
    if (socket === undefined) return;
    const opened = openedSocket(socket, url, protocol, credit);
    const response = fetchedResponse(status, statusText, url, redirected, JSON.parse(headers), null, opened);
    take(id).head.resolve(response);
  });
  on("fetch.chunk", (id, bytes) => exchanges.get(id)?.arrival.push(bytes));
  on("fetch.end", (id) => {
    const exchange = take(id);
    exchange?.arrival.end();
    exchange?.outgoing?.stop(unreadError());
  });
  on("fetch.credit", (id, bytes) => exchanges.get(id)?.outgoing?.grant(bytes));
  on("fetch.stop", (id) => exchanges.get(id)?.outgoing?.stop(unreadError()));
  on("fetch.error", (id, code, message) => {
    const cause = new Error(message);
    cause.code = code;
    fail(id, new TypeError("fetch failed", { cause }));
  });

  /** Sends a body while it comes to be. What it fails with, the fetch fails with. */
  const upload = (id, source, credit) => {
    const outgoing = new OutgoingBody(source, credit, {
      write: (bytes) => bridge.call("fetch.write", id, bytes),
      end: () => bridge.call("fetch.close", id),
      fail(error) {
        bridge.call("fetch.abort", id);
        fail(id, error);
      },
    });
    void outgoing.run();
    return outgoing;
  };

  /** What a data: URL says of itself. https://fetch.spec.whatwg.org/#data-urls */
  const ofDataUrl = (request) => {
    const [, meta, data] = /^data:([^,]*),([^#]*)/s.exec(request.url) ?? [];
    if (data === undefined) throw new TypeError("fetch failed", { cause: new Error("a data: URL without a comma") });
    const isBase64 = /; *base64$/i.test(meta);
    const given = (isBase64 ? meta.replace(/ *; *base64$/i, "") : meta).trim();
    const type = given.startsWith(";") ? `text/plain${given}` : given === "" ? "text/plain;charset=US-ASCII" : given;
    const bytes = percentDecoded(data);
    const body = isBase64 ? base64Decoded(bytes) : bytes;
    return fetchedResponse(200, "OK", request.url, false, [["content-type", type]], body.length === 0 ? null : body);
  };
  /** @param {string} text of ASCII, as URLs are */
  const percentDecoded = (text) => {
    const bytes = new TextEncoder().encode(text);
    let length = 0;
    for (let at = 0; at < bytes.length; at++) {
      const digits = bytes[at] === 0x25 ? text.slice(at + 1, at + 3) : "";
      const isByte = /^[0-9a-f]{2}$/i.test(digits);
      bytes[length++] = isByte ? Number.parseInt(digits, 16) : bytes[at];
      if (isByte) at += 2;
    }
    return bytes.subarray(0, length);
  };
  const base64Decoded = (bytes) => {
    try {
      return Uint8Array.fromBase64(new TextDecoder().decode(bytes).replace(/[\t\n\f\r ]/g, ""));
    } catch (error) {
      throw new TypeError("fetch failed", { cause: error });
    }
  };

  /** @param {string | null} service The binding that is asked; null for `fetch`. */
  const start = async (service, input, init) => {
    const request = new Request(input, init);
    const { signal } = request;
    signal.throwIfAborted();
    if (service === null && request.url.startsWith("data:")) return ofDataUrl(request);
    const isUpgrade = request.headers.get("upgrade")?.toLowerCase() === "websocket";
    if (isUpgrade && request.method !== "GET") {
      throw new TypeError(`fetch: a WebSocket is asked for by GET, not ${request.method}`);
    }
    const content = Body.take(request, "fetch");
    const whole = content === null || content instanceof Uint8Array ? content : content.whole();
    const id = ++lastId;
    const abort = () => {
      bridge.call("fetch.abort", id);
      fail(id, signal.reason);
    };
    const drop = () => {
      bridge.call("fetch.abort", id);
      take(id);
    };
    const exchange = {
      head: Promise.withResolvers(),
      arrival: new Arrival((bytes) => bridge.call("fetch.grant", id, bytes), drop),
      outgoing: null,
      socket: isUpgrade ? newSocketId() : null,
      ended: () => signal.removeEventListener("abort", abort),
    };
    exchanges.set(id, exchange);
    signal.addEventListener("abort", abort, { once: true });
    const headers = JSON.stringify([...request.headers]);
    const streams = whole === undefined;
    const body = streams ? null : whole;
    try {
      const { method, url, redirect } = request;
      const { socket } = exchange;
      const credit = bridge.call("fetch.start", id, method, url, headers, body, redirect, service, streams, socket);
      if (streams) exchange.outgoing = upload(id, content, credit);
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
