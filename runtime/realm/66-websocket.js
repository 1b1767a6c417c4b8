// WebSocket as a client, https://websockets.spec.whatwg.org/, and WebSocketPair, which has the ends of one that a Worker serves, as
// Cloudflare's platform has it. What a fetch with the header Upgrade gives is accepted as an end of a pair is, or given on in a Response.
//
//   realm: socket.open(id, url, protocols) | message | close | grant     host: socket.opened | message | sent | closed | error (id, ...)
"use strict";
{
  const { bridge, on, expose, Wire, connectPair, relay, checkClose } = __blockon;
  // A Worker may put others in their places.
  const { Blob, CloseEvent, DOMException, Event, MessageEvent, URL } = globalThis;
  const states = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };
  const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
  /** By which this file makes those that are open: the ends of pairs, and what was fetched. */
  const openKey = Symbol("open");

  /** Clients, by number. @type {Map<number, {wire: any, opened(protocol: string, extensions: string): void, failed(text: string): void}>} */
  const clients = new Map();
  let lastId = 0;

  const sinkOf = (id) => ({
    message: (data) => bridge.call("socket.message", id, data),
    close: (code, reason) => bridge.call("socket.close", id, code, reason),
    grant: (size) => bridge.call("socket.grant", id, size),
  });

  const bytesOf = (data) =>
    ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
      : new Uint8Array(data.slice(0));

  class WebSocket extends EventTarget {
    #wire = new Wire();
    #url = "";
    #protocol = "";
    #extensions = "";
    #state = states.CONNECTING;
    #binaryType = "arraybuffer";
    /** Of a pair: its other end. */
    #other = null;
    /** It came with a response. */
    #isFetched = false;
    #accepted = false;
    /** It was given away in a Response. */
    #isTaken = false;
    onopen = null;
    onmessage = null;
    onclose = null;
    onerror = null;

    constructor(url, protocols = []) {
      super();
      if (url === openKey) {
        this.#state = states.OPEN;
        return;
      }
      const parsed = URL.parse(String(url));
      if (parsed === null) throw new DOMException(`WebSocket: ${JSON.stringify(String(url))} is no URL`, "SyntaxError");
      if (parsed.protocol === "http:") parsed.protocol = "ws:";
      if (parsed.protocol === "https:") parsed.protocol = "wss:";
      if (parsed.protocol !== "ws:" && parsed.protocol !== "wss:") {
        throw new DOMException(`WebSocket: ${url} is no URL of ws:, wss:, http: or https:`, "SyntaxError");
      }
      if (parsed.hash !== "") throw new DOMException("WebSocket: the URL has a fragment", "SyntaxError");
      const names =
        typeof protocols === "object" && protocols !== null ? Array.from(protocols, String) : [String(protocols)];
      if (new Set(names).size !== names.length || !names.every((name) => token.test(name))) {
        throw new DOMException(
          `WebSocket: the protocols ${names.join(", ")} are not all names, or not different`,
          "SyntaxError",
        );
      }
      this.#url = parsed.href;
      this.#open(names);
    }

    #open(names) {
      const id = ++lastId;
      this.#accepted = true;
      this.#register(id, (protocol, extensions, credit) => {
        this.#protocol = protocol;
        this.#extensions = extensions;
        if (this.#state === states.CONNECTING) this.#state = states.OPEN;
        this.#wire.connect(sinkOf(id), credit);
        this.dispatchEvent(new Event("open"));
      });
      this.#listen();
      bridge.call("socket.open", id, this.#url, JSON.stringify(names));
      // A close() before it is open ends the attempt.
      this.#abandon = () => bridge.call("socket.close", id, 1006, "");
    }

    /** What comes for it from the host goes to its wire. */
    #register(id, opened) {
      const failed = (text) => this.dispatchEvent(new ErrorEvent("error", { message: text, error: new Error(text) }));
      clients.set(id, { wire: this.#wire, opened, failed });
    }

    /** One that a fetch has opened. */
    static #fetched = (id, url, protocol, credit) => {
      const socket = new WebSocket(openKey);
      socket.#isFetched = true;
      socket.#url = url.replace(/^http/, "ws");
      socket.#protocol = protocol;
      socket.#register(id, () => {});
      socket.#wire.connect(sinkOf(id), credit);
      return socket;
    };

    #abandon = () => {};

    #listen() {
      this.#wire.listen({
        message: (data) => {
          if (this.#state > states.CLOSING) return;
          this.dispatchEvent(new MessageEvent("message", { data: this.#dataOf(data), origin: this.#url }));
        },
        close: ({ code, reason, clean }) => {
          if (this.#state === states.CLOSED) return;
          this.#state = states.CLOSED;
          this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean: clean }));
        },
      });
    }

    #dataOf(data) {
      if (typeof data === "string") return data;
      return this.#binaryType === "blob" ? new Blob([data]) : data.buffer;
    }

    static #newPair = () => {
      const pair = [new WebSocket(openKey), new WebSocket(openKey)];
      pair[0].#other = pair[1];
      pair[1].#other = pair[0];
      return pair;
    };

    static #claim = (end) => {
      if (end.#other === null && !end.#isFetched) {
        throw new TypeError("webSocket: expected an end of a WebSocketPair, or what a fetch gave");
      }
      if (end.#isTaken || end.#accepted)
        throw new TypeError("webSocket: this end is in use already: make a WebSocketPair for each request");
      end.#isTaken = true;
    };

    /** The wire of the end that stays, when the other is given to who asked. */
    static #take = (end) => {
      WebSocket.#claim(end);
      return end.#isFetched ? relay(end.#wire) : end.#other.#wire;
    };

    /** The wire of what was fetched, for who reads it without events. */
    static #wireOf = (socket) => {
      WebSocket.#claim(socket);
      return socket.#wire;
    };

    static {
      __blockon.newPair = WebSocket.#newPair;
      __blockon.takeSocket = WebSocket.#take;
      __blockon.wireOfFetched = WebSocket.#wireOf;
      __blockon.openedSocket = WebSocket.#fetched;
    }

    /** From now on its events come. */
    accept() {
      if (this.#other === null && !this.#isFetched) {
        throw new TypeError("accept: this WebSocket is no end of a WebSocketPair, and was not fetched");
      }
      if (this.#isTaken) throw new TypeError("accept: this end was given away in a Response");
      if (this.#accepted) return;
      this.#accepted = true;
      if (this.#other?.#accepted) connectPair(this.#wire, this.#other.#wire);
      this.#listen();
    }

    send(data) {
      if (!this.#accepted) throw new TypeError("send: call accept() before");
      if (this.#state === states.CONNECTING)
        throw new DOMException("send: the WebSocket is not open yet", "InvalidStateError");
      const isBytes = data instanceof ArrayBuffer || ArrayBuffer.isView(data);
      if (data instanceof Blob) {
        throw new TypeError("send: a Blob has to be read before: send(await blob.arrayBuffer())");
      }
      this.#wire.send(isBytes ? bytesOf(data) : String(data).toWellFormed());
    }

    close(code = undefined, reason = "") {
      const text = String(reason);
      const number = code === undefined ? undefined : Number(code);
      checkClose(number, text);
      if (this.#state >= states.CLOSING) return;
      const wasConnecting = this.#state === states.CONNECTING;
      this.#state = states.CLOSING;
      if (wasConnecting) this.#abandon();
      else this.#wire.close(number ?? 1005, text);
    }

    get readyState() {
      return this.#state;
    }

    get bufferedAmount() {
      return this.#wire.buffered;
    }

    get url() {
      return this.#url;
    }

    get protocol() {
      return this.#protocol;
    }

    get extensions() {
      return this.#extensions;
    }

    get binaryType() {
      return this.#binaryType;
    }

    set binaryType(value) {
      if (value === "blob" || value === "arraybuffer") this.#binaryType = value;
    }

    get [Symbol.toStringTag]() {
      return "WebSocket";
    }
  }
  for (const [name, value] of Object.entries(states)) {
    for (const object of [WebSocket, WebSocket.prototype])
      Object.defineProperty(object, name, { value, enumerable: true });
    // As Cloudflare's platform names them.
    Object.defineProperty(WebSocket, `READY_STATE_${name}`, { value, enumerable: true });
  }

  on("socket.opened", (id, protocol, extensions, credit) => clients.get(id)?.opened(protocol, extensions, credit));
  on("socket.message", (id, data) => clients.get(id)?.wire.deliver(data));
  on("socket.sent", (id, size) => clients.get(id)?.wire.sent(size));
  on("socket.error", (id, text) => clients.get(id)?.failed(text));
  on("socket.closed", (id, code, reason, clean) => {
    const client = clients.get(id);
    clients.delete(id);
    client?.wire.deliverClose(code, reason, clean);
  });

  __blockon.newSocketId = () => ++lastId;

  const { newPair } = __blockon;
  delete __blockon.newPair;

  /** `const [client, server] = Object.values(new WebSocketPair())` */
  class WebSocketPair {
    constructor() {
      [this[0], this[1]] = newPair();
    }
  }

  expose("WebSocket", WebSocket);
  expose("WebSocketPair", WebSocketPair);
}
