// cloudflare:sockets: TCP, and TLS over it. https://developers.cloudflare.com/workers/runtime-apis/tcp-sockets/
//
//   realm: tcp.connect(id, hostname, port, transport, allowHalfOpen)    host: tcp.opened(id, remote, local) | error(id, code, message)
//   realm: tcp.write(id, bytes) | finish(id)                            host: tcp.sent(id)
//   realm: tcp.grant(id, bytes) | discard(id)                           host: tcp.chunk(id, bytes) | end(id)
//   realm: tcp.secure(id) | close(id)                                   host: tcp.closed(id)
//
// What is connected to is for the host's outbound policy to allow.
"use strict";
{
  const { bridge, on, Arrival, IncomingBody, streamOf, fromPython } = __blockon;
  const transports = new Set(["off", "on", "starttls"]);
  /** Of one message to the host. */
  const pieceBytes = 256 * 1024;
  /** By which this file makes sockets. */
  const key = Symbol("Socket");

  /** Those that are open, by number. @type {Map<number, Connection>} */
  const connections = new Map();
  let lastId = 0;

  const bytesOf = (chunk) => {
    const value = fromPython(chunk);
    if (value instanceof ArrayBuffer) return new Uint8Array(value);
    if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    const kind = value === null ? "null" : typeof value;
    throw new TypeError(`a socket writes bytes (ArrayBuffer or a view of one), not ${kind}: encode text before`);
  };

  const addressOf = (given) => {
    const address = fromPython(given);
    let [hostname, port] = [address?.hostname, Number(address?.port)];
    if (typeof address === "string") {
      const [, name = "", digits = ""] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(address) ?? [];
      [hostname, port] = [name, digits === "" ? Number.NaN : Number(digits)];
    }
    if (typeof hostname !== "string" || hostname === "" || !(Number.isInteger(port) && port > 0 && port < 65536)) {
      throw new TypeError('connect: the address is "HOST:PORT" or {hostname, port}, with a port from 1 to 65535');
    }
    return { hostname: hostname.replace(/^\[|\]$/g, ""), port };
  };

  /** What of a connection is the host's: its bytes, both ways, and its end. */
  class Connection {
    id = ++lastId;
    opened = Promise.withResolvers();
    closed = Promise.withResolvers();
    arrival = new Arrival(
      (bytes) => bridge.call("tcp.grant", this.id, bytes),
      () => bridge.call("tcp.discard", this.id),
    );
    #sent = null;
    #isOver = false;
    #error = null;

    constructor() {
      // Nobody has to ask for them.
      for (const { promise } of [this.opened, this.closed]) promise.catch(() => {});
    }

    async write(bytes) {
      for (let from = 0; from < bytes.length; from += pieceBytes) {
        if (this.#isOver) throw this.#error ?? new TypeError("the socket is closed");
        this.#sent = Promise.withResolvers();
        bridge.call("tcp.write", this.id, bytes.subarray(from, from + pieceBytes));
        await this.#sent.promise;
      }
    }

    sent() {
      this.#sent?.resolve();
      this.#sent = null;
    }

    finish() {
      if (!this.#isOver) bridge.call("tcp.finish", this.id);
    }

    /** It is closed, or has failed. */
    end(error) {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#error = error;
      connections.delete(this.id);
      const reason = error ?? new TypeError("the socket is closed");
      this.#sent?.reject(reason);
      this.#sent = null;
      this.opened.reject(reason);
      if (error === null) {
        this.arrival.end();
        this.closed.resolve();
      } else {
        this.arrival.fail(error);
        this.closed.reject(error);
      }
    }

    /** TLS goes on with it: this one is over, and the host's is the next one's. */
    handOver(next) {
      this.#isOver = true;
      next.id = this.id;
      connections.set(next.id, next);
      this.arrival.end();
      this.closed.resolve();
      bridge.call("tcp.secure", next.id);
    }

    close() {
      if (this.#isOver) return;
      bridge.call("tcp.close", this.id);
      this.end(null);
    }
  }

  const failure = (code, message) => {
    const error = new Error(message);
    error.code = code;
    return error;
  };
  on("tcp.opened", (id, remoteAddress, localAddress) => {
    connections.get(id)?.opened.resolve({ remoteAddress, localAddress });
  });
  on("tcp.error", (id, code, message) => connections.get(id)?.end(failure(code, message)));
  on("tcp.chunk", (id, bytes) => connections.get(id)?.arrival.push(bytes));
  on("tcp.end", (id) => connections.get(id)?.arrival.end());
  on("tcp.sent", (id) => connections.get(id)?.sent());
  on("tcp.closed", (id) => connections.get(id)?.end(null));

  class Socket {
    #connection;
    #transport;
    #isUpgraded = false;
    readable;
    writable;

    constructor(given, connection, transport) {
      if (given !== key) throw new TypeError("a Socket is made by connect()");
      this.#connection = connection;
      this.#transport = transport;
      this.readable = streamOf(new IncomingBody(connection.arrival));
      this.writable = new WritableStream({
        start: () => connection.opened.promise.then(() => {}),
        write: (chunk) => connection.write(bytesOf(chunk)),
        close: () => connection.finish(),
        abort: () => connection.close(),
      });
    }

    /** Resolves with {remoteAddress, localAddress}. */
    get opened() {
      return this.#connection.opened.promise;
    }

    get closed() {
      return this.#connection.closed.promise;
    }

    get secureTransport() {
      return this.#transport;
    }

    /** Whether TLS goes on with its connection, as another Socket. */
    get upgraded() {
      return this.#isUpgraded;
    }

    async close() {
      this.#connection.close();
    }

    /** The connection with TLS over it; this Socket is over. What was written before has to have gone. */
    startTls() {
      if (this.#transport !== "starttls") {
        throw new TypeError('startTls: the socket was not connected with secureTransport: "starttls"');
      }
      if (this.#isUpgraded) throw new TypeError("startTls: it was called before");
      this.#isUpgraded = true;
      const connection = new Connection();
      this.#connection.opened.promise.then(
        () => this.#connection.handOver(connection),
        (error) => connection.end(error),
      );
      return new Socket(key, connection, "on");
    }

    get [Symbol.toStringTag]() {
      return "Socket";
    }
  }

  /** @param {any} address "HOST:PORT" or {hostname, port}. */
  __blockon.connect = function connect(address, given = undefined) {
    const { hostname, port } = addressOf(address);
    const { secureTransport = "off", allowHalfOpen = false } = fromPython(given) ?? {};
    if (!transports.has(secureTransport)) {
      throw new TypeError(`connect: secureTransport is "off", "on" or "starttls", not ${String(secureTransport)}`);
    }
    const connection = new Connection();
    connections.set(connection.id, connection);
    try {
      bridge.call("tcp.connect", connection.id, hostname, port, secureTransport, allowHalfOpen === true);
    } catch (error) {
      connection.end(error);
    }
    return new Socket(key, connection, secureTransport);
  };
}
