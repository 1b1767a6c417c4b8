// Queues: Cloudflare's API of producers and consumers. https://developers.cloudflare.com/queues/configuration/javascript-apis/
//
//   realm: queue.send(id, binding, json, bytes)      host: queue.sent(id, problem)
//   host: on("event", "queue"), a batch              realm: its outcome, JSON: {failed, all, marks} (runtime/pool/queue_consumer.ts)
//
// A body is bytes on the way, by its content type: JSON, text, bytes as they are, or what structured cloning takes (84-values.js).
"use strict";
{
  const { bridge, on, encodeValue, decodeValue, fromPython, optionsOf } = __blockon;
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  const jsonOf = (value) => {
    // None in a dict of Python's is undefined here, which JSON would leave out.
    const json = JSON.stringify(value, (_key, item) => (item === undefined ? null : item));
    if (json === undefined) throw new TypeError("Queue: the message has no JSON");
    return encoder.encode(json);
  };

  const encoders = {
    text(value) {
      if (typeof value !== "string") throw new TypeError('Queue: with the contentType "text" a message is a string');
      return encoder.encode(value);
    },
    bytes(value) {
      if (value instanceof ArrayBuffer) return new Uint8Array(value);
      if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      throw new TypeError('Queue: with the contentType "bytes" a message is an ArrayBuffer, or a view of one');
    },
    json: (value) => jsonOf(value === undefined ? null : value),
    v8: (value) => encodeValue(value),
  };

  const decoders = {
    text: (bytes) => decoder.decode(bytes),
    bytes: (bytes) => bytes.slice().buffer,
    json: (bytes) => JSON.parse(decoder.decode(bytes)),
    v8: (bytes) => decodeValue(bytes.slice()),
  };

  const delayOf = (value) => {
    if (value === undefined || value === null) return null;
    const seconds = Number(value);
    if (Number.isFinite(seconds)) return seconds;
    throw new TypeError(`Queue: delaySeconds is a number, not ${String(value)}`);
  };

  /** @type {Map<number, PromiseWithResolvers<undefined>>} */
  const sends = new Map();
  let lastId = 0;

  on("queue.sent", (id, problem) => {
    const sent = sends.get(id);
    sends.delete(id);
    if (problem === null) sent?.resolve(undefined);
    else sent?.reject(new Error(`Queue: it was not sent: ${problem}`));
  });

  class WorkerQueue {
    #name;

    constructor(name) {
      this.#name = name;
    }

    async send(message, options = undefined) {
      const { contentType, delaySeconds } = optionsOf(options);
      await this.#send([{ body: message, contentType, delaySeconds }], undefined);
    }

    async sendBatch(messages, options = undefined) {
      const { delaySeconds } = optionsOf(options);
      const given = fromPython(messages);
      if (given === null || typeof given !== "object" || typeof given[Symbol.iterator] !== "function") {
        throw new TypeError("Queue: sendBatch() takes messages, each with a body");
      }
      const list = Array.from(given, optionsOf);
      if (!list.every((each) => typeof each === "object" && "body" in each)) {
        throw new TypeError("Queue: each message of sendBatch() has a body");
      }
      await this.#send(list, delaySeconds);
    }

    async #send(messages, delaySeconds) {
      const bodies = [];
      const heads = [];
      for (const { body, contentType: given, delaySeconds: own } of messages) {
        const contentType = given ?? "json";
        const encode = Object.hasOwn(encoders, contentType) ? encoders[contentType] : undefined;
        // Of one that there is none of the host says what there is.
        const encoded = encode?.(fromPython(body)) ?? new Uint8Array(0);
        // At once where that can be: of two messages the one that was sent first is the first.
        bodies.push(encoded instanceof Promise ? await encoded : encoded);
        heads.push({ contentType, size: bodies.at(-1).length, delaySeconds: delayOf(own ?? delaySeconds) });
      }
      const bytes = new Uint8Array(bodies.reduce((size, body) => size + body.length, 0));
      let at = 0;
      for (const body of bodies) {
        bytes.set(body, at);
        at += body.length;
      }
      const id = ++lastId;
      bridge.call("queue.send", id, this.#name, JSON.stringify(heads), bytes);
      const sent = Promise.withResolvers();
      sends.set(id, sent);
      return sent.promise;
    }

    get [Symbol.toStringTag]() {
      return "WorkerQueue";
    }
  }

  const mostDelaySeconds = 43_200;
  const retryOf = (options) => {
    const delay = delayOf(optionsOf(options).delaySeconds);
    if (delay === null || (Number.isInteger(delay) && delay >= 0 && delay <= mostDelaySeconds)) return { retry: delay };
    throw new RangeError(`Queue: delaySeconds is ${delay}; expected an integer from 0 to ${mostDelaySeconds}`);
  };

  class Message {
    /** What became of it, by the first who said. @type {null | {retry?: number | null}} */
    #mark = null;
    id;
    timestamp;
    attempts;
    body;

    constructor({ id, sent, attempts, contentType }, bytes) {
      this.id = id;
      this.timestamp = new Date(sent);
      this.attempts = attempts;
      this.body = decoders[contentType](bytes);
    }

    ack() {
      this.#mark ??= {};
    }

    retry(options = undefined) {
      this.#mark ??= retryOf(options);
    }

    static #markOf = (message) => message.#mark;

    static {
      __blockon.markOfMessage = Message.#markOf;
    }
  }

  const { markOfMessage } = __blockon;
  delete __blockon.markOfMessage;

  class MessageBatch {
    #mark = null;
    queue;
    messages;

    constructor(queue, messages) {
      this.queue = queue;
      this.messages = messages;
    }

    ackAll() {
      this.#mark ??= {};
    }

    retryAll(options = undefined) {
      this.#mark ??= retryOf(options);
    }

    /** For the host: of the batch, and of its messages in their order. */
    static #marksOf = (batch, messages) => ({ all: batch.#mark, marks: messages.map(markOfMessage) });

    static {
      __blockon.marksOfBatch = MessageBatch.#marksOf;
    }
  }

  /** For tests of a Worker's: `_blockon_host.batches`. */
  __blockon.batches = {
    /** A batch of these bodies, as if they had been sent. @param {any[]} bodies */
    make(queue, bodies, attempts) {
      const messages = Array.from(bodies, (given, index) => {
        const body = fromPython(given);
        const contentType = ArrayBuffer.isView(body) || body instanceof ArrayBuffer ? "bytes" : "json";
        const head = { id: String(index + 1).padStart(32, "0"), sent: Date.now(), attempts, contentType };
        return new Message(head, encoders[contentType](body));
      });
      return new MessageBatch(queue, messages);
    },
    /** Of each message whether it is done, and not to be delivered again. */
    outcome(batch) {
      const all = marksOfBatch(batch, batch.messages);
      return all.marks.map((mark) => (mark ?? all.all)?.retry === undefined);
    },
  };
  const { marksOfBatch } = __blockon;

  __blockon.newQueue = (name) => new WorkerQueue(name);
  /** @returns {[batch: MessageBatch, messages: Message[]]} */
  __blockon.newBatch = ({ queue, messages: heads }, bytes) => {
    let at = 0;
    const messages = heads.map((head) => {
      const message = new Message(head, bytes.subarray(at, at + head.size));
      at += head.size;
      return message;
    });
    // The Worker may change its array.
    return [new MessageBatch(queue, [...messages]), messages];
  };
}
