// One end of a WebSocket, under its classes: messages in order both ways, within credit, and its close.
//
// A wire leads to a sink {message(data), close(code, reason), grant(size)}: the host, or the other end of a pair. What is sent
// waits for credit; what is received waits for a listener, or for who reads, who gives credit by taking it.
"use strict";
{
  /** Of a message at most, both ways. runtime/worker/socket_flow.ts has the same. */
  const messageBytes = 32 * 1024 * 1024;
  /** New credit is given when so much was taken. */
  const grantBytes = 64 * 1024;
  /** A writer who asks is told to wait when so much is on its way. */
  const roomBytes = 64 * 1024;

  /** What a message counts: the host counts the same. */
  const sizeOf = (data) => data.length;

  class Wire {
    #sink = null;
    #credit = 0;
    /** Sent, and waiting for credit. */
    #queue = [];
    /** Bytes sent which the sink has not said to be gone. */
    #buffered = 0;
    #room = null;
    /** @type {{code: number, reason: string} | null} */
    #closing = null;
    #inbound = [];
    #owed = 0;
    #listener = null;
    #reading = null;
    #arrival = null;
    /** @type {{code: number, reason: string, clean: boolean} | null} */
    #closed = null;

    get buffered() {
      return this.#buffered;
    }

    get isClosing() {
      return this.#closing !== null || this.#closed !== null;
    }

    get isConnected() {
      return this.#sink !== null;
    }

    connect(sink, credit) {
      this.#sink = sink;
      this.#credit = credit;
      this.#flush();
    }

    /** @param {string | Uint8Array} data Nobody changes it any more. */
    send(data) {
      if (this.isClosing) return;
      if (sizeOf(data) > messageBytes) {
        throw new RangeError(`a message of a WebSocket has at most ${messageBytes} bytes; this has ${sizeOf(data)}`);
      }
      this.#queue.push(data);
      this.#buffered += sizeOf(data);
      this.#flush();
    }

    /** undefined when there is room for more, else a promise. */
    room() {
      if (this.#closed !== null || this.#buffered < roomBytes) return undefined;
      this.#room ??= Promise.withResolvers();
      return this.#room.promise;
    }

    /** The sink got rid of so many bytes. */
    sent(size) {
      this.#credit += size;
      this.#buffered -= size;
      this.#flush();
      if (this.#buffered < roomBytes) this.#wake();
    }

    #wake() {
      this.#room?.resolve();
      this.#room = null;
    }

    #flush() {
      if (this.#sink === null) return;
      while (this.#queue.length > 0 && this.#credit > 0) {
        const data = this.#queue.shift();
        this.#credit -= sizeOf(data);
        this.#sink.message(data);
      }
      if (this.#queue.length === 0 && this.#closing !== null && !this.#closing.told) {
        this.#closing.told = true;
        this.#sink.close(this.#closing.code, this.#closing.reason);
      }
    }

    /** Closes it when what was sent before has gone. */
    close(code, reason) {
      if (this.isClosing) return;
      this.#closing = { code, reason, told: false };
      this.#flush();
    }

    /** A message from the sink. */
    deliver(data) {
      if (this.#closed !== null) return;
      if (this.#reading !== null) {
        this.#reading.resolve(this.#taken(data));
        this.#reading = null;
      } else if (this.#listener !== null) {
        this.#listener.message(this.#taken(data));
      } else {
        this.#inbound.push(data);
        this.#arrive();
      }
    }

    #arrive() {
      this.#arrival?.resolve();
      this.#arrival = null;
    }

    /** The sink has closed it: the last that comes. */
    deliverClose(code, reason, clean) {
      if (this.#closed !== null) return;
      this.#closed = { code, reason, clean };
      this.#queue = [];
      this.#wake();
      this.#arrive();
      this.#reading?.resolve(this.#closed);
      this.#reading = null;
      this.#listener?.close(this.#closed);
    }

    #taken(data) {
      this.#owed += sizeOf(data);
      if (this.#owed >= grantBytes) {
        this.#sink?.grant(this.#owed);
        this.#owed = 0;
      }
      return data;
    }

    /** From now on messages go to it: message(data) and, last, close({code, reason, clean}). */
    listen(listener) {
      this.#listener = listener;
      const inbound = this.#inbound;
      this.#inbound = [];
      for (const data of inbound) listener.message(this.#taken(data));
      if (this.#closed !== null) listener.close(this.#closed);
    }

    /** The next message; {code, reason, clean} after the last; or a promise of one of these. */
    read() {
      if (this.#inbound.length > 0) return this.#taken(this.#inbound.shift());
      if (this.#closed !== null) return this.#closed;
      this.#reading ??= Promise.withResolvers();
      return this.#reading.promise;
    }

    /** undefined when read() gives something at once, else a promise: who gives it up loses nothing. */
    arrived() {
      if (this.#inbound.length > 0 || this.#closed !== null) return undefined;
      this.#arrival ??= Promise.withResolvers();
      return this.#arrival.promise;
    }
  }

  /** Connects two ends with each other. */
  const connectPair = (one, other) => {
    const connect = (from, to) =>
      from.connect(
        {
          message: (data) =>
            queueMicrotask(() => {
              from.sent(sizeOf(data));
              to.deliver(data);
            }),
          close: (code, reason) =>
            queueMicrotask(() => {
              to.deliverClose(code, reason, true);
              from.deliverClose(code, reason, true);
            }),
          grant() {},
        },
        Number.POSITIVE_INFINITY,
      );
    connect(one, other);
    connect(other, one);
  };

  /** A close that came, as one that can be sent: without its code where it had none, or was none. */
  const closeFor = ({ code, reason }) => {
    if (code === 1006) return [1011, "the other end was lost"];
    return reserved.has(code) ? [1005, ""] : [code, reason];
  };

  /** Passes on what comes, as fast as it is taken. */
  const pump = async (from, to) => {
    for (;;) {
      const message = await from.read();
      if (typeof message !== "string" && !(message instanceof Uint8Array)) {
        to.close(...closeFor(message));
        return;
      }
      to.send(message);
      await to.room();
    }
  };

  /** A wire that is not connected yet: what it gets goes to the other, and what that gets to it. */
  const relay = (other) => {
    const wire = new Wire();
    void pump(wire, other);
    void pump(other, wire);
    return wire;
  };

  const encoder = new TextEncoder();
  const reserved = new Set([1004, 1005, 1006, 1015]);
  /** Checks what a close frame may carry. */
  const checkClose = (code, reason) => {
    if (code !== undefined && !(Number.isInteger(code) && code >= 1000 && code <= 4999 && !reserved.has(code))) {
      throw new DOMException(`close: ${code} is no code that a WebSocket can be closed with`, "InvalidAccessError");
    }
    if (encoder.encode(reason).length > 123)
      throw new DOMException("close: the reason has more than 123 bytes", "SyntaxError");
  };

  Object.assign(__blockon, { Wire, connectPair, relay, checkClose });
}
