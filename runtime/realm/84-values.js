// Values on their way to another Worker, as bytes: what structured cloning takes, and Request, Response and Headers.
//
//   the length of the JSON (four bytes, little-endian), the JSON, all bytes that it refers to
//
// In the JSON strings, booleans, null and plain numbers stand for themselves, and all else is an array whose first item says what it is.
// Python's dicts, lists and bytes are taken as they are. A function goes where the caller says what stands for it (84-functions.js), and so
// does a ReadableStream, as the function that reads it; an instance of another class goes nowhere.
"use strict";
{
  // A Worker may put others in their places.
  const { Blob, File, FormData, Headers, ReadableStream, Request, Response } = globalThis;
  const { blobBytes, encodesBody, functions, incomingRequest, linesOfHeaders } = __blockon;
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const deepest = 200;
  const views = { Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array };
  Object.assign(views, { Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView });
  const errors = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

  /** An object of Python's that has no counterpart. */
  class Unsendable {
    type;

    constructor(type) {
      this.type = type;
    }
  }

  /** An object of Python's that stays where it is, as a function does (shims/blockon/_rpc_target.py). */
  class Target {
    proxy;

    constructor(proxy) {
      this.proxy = proxy.copy();
    }
  }

  const convertObject = (proxy) => {
    if (proxy.__rpc_target__ === true) return new Target(proxy);
    return proxy.type === "datetime" ? new Date(proxy.timestamp() * 1000) : new Unsendable(proxy.type);
  };

  /** What Python passed, in JavaScript. */
  const fromPython = (value) =>
    typeof value.toJs === "function"
      ? value.toJs({ dict_converter: Object.fromEntries, default_converter: convertObject })
      : value;

  /** What stands for a stream: gives its next chunk, or cancels it where a reason is given. @param {() => void} ended It will not be asked again. */
  const readerOf = (stream, ended) => {
    const reader = stream.getReader();
    return async (reason) => {
      let isOver = true;
      try {
        if (reason !== undefined) return await reader.cancel(reason);
        const chunk = await reader.read();
        isOver = chunk.done;
        return chunk;
      } finally {
        if (isOver) ended();
      }
    };
  };

  /** The stream that such a function reads. */
  const streamBy = (read) =>
    new ReadableStream(
      {
        async pull(controller) {
          const { done, value } = await read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => read(String(reason ?? "the stream was cancelled")),
      },
      { highWaterMark: 0 },
    );

  class Encoder {
    #chunks = [];
    #size = 0;
    /** The values around the one that is looked at. */
    #around = new Set();
    /** What has to be waited for: a body. @type {(() => Promise<void>)[]} */
    #later = [];
    /** @type {((value: Function | object, isOwned?: boolean) => string) | undefined} */
    #ofFunction;

    constructor(ofFunction) {
      this.#ofFunction = ofFunction;
    }

    async encode(value) {
      const head = this.#node(value);
      for (const step of this.#later) await step();
      const json = encoder.encode(JSON.stringify(head));
      const bytes = new Uint8Array(4 + json.length + this.#size);
      new DataView(bytes.buffer).setUint32(0, json.length, true);
      bytes.set(json, 4);
      let offset = 4 + json.length;
      for (const chunk of this.#chunks) {
        bytes.set(chunk, offset);
        offset += chunk.length;
      }
      return bytes;
    }

    #bytes(chunk) {
      const at = this.#size;
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      return [at, chunk.length];
    }

    #node(value) {
      if (typeof value === "function" && this.#ofFunction !== undefined) return ["c", this.#ofFunction(value)];
      switch (typeof value) {
        case "string":
        case "boolean":
          return value;
        case "number":
          return Number.isFinite(value) && !Object.is(value, -0)
            ? value
            : ["n", Object.is(value, -0) ? "-0" : String(value)];
        case "undefined":
          return ["u"];
        case "bigint":
          return ["i", String(value)];
        case "object":
          return value === null ? null : this.#object(fromPython(value));
        default:
          throw new TypeError(`a ${typeof value} cannot be sent to another Worker`);
      }
    }

    #object(value) {
      if (this.#around.has(value)) throw new TypeError("a value that contains itself cannot be sent to another Worker");
      if (this.#around.size === deepest)
        throw new TypeError(`a value of more than ${deepest} levels cannot be sent to another Worker`);
      this.#around.add(value);
      try {
        return this.#known(value);
      } finally {
        this.#around.delete(value);
      }
    }

    #known(value) {
      const nodes = (items) => Array.from(items, (item) => this.#node(item));
      if (Array.isArray(value)) return ["a", nodes(value)];
      if (value instanceof Date) return ["d", value.getTime()];
      if (value instanceof Map) return ["m", Array.from(value, nodes)];
      if (value instanceof Set) return ["s", nodes(value)];
      if (value instanceof ArrayBuffer) return ["B", ...this.#bytes(new Uint8Array(value.slice(0)))];
      if (ArrayBuffer.isView(value)) {
        const copy = new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
        return ["b", ...this.#bytes(copy), value.constructor.name];
      }
      if (value instanceof Target && this.#ofFunction !== undefined) {
        return ["c", this.#ofFunction(value.proxy, true)];
      }
      if (value instanceof Error) return ["e", String(value.name), String(value.message)];
      if (value instanceof Headers) return ["h", [...value]];
      if (value instanceof ReadableStream && this.#ofFunction !== undefined) {
        const token = this.#ofFunction(readerOf(value, () => functions.letGo(token)));
        return ["w", token];
      }
      if (value instanceof File)
        return ["F", value.name, value.type, value.lastModified, ...this.#bytes(blobBytes(value))];
      if (value instanceof Blob) return ["k", value.type, ...this.#bytes(blobBytes(value))];
      if (value instanceof FormData) return ["f", Array.from(value, ([name, item]) => [name, this.#node(item)])];
      if (value instanceof Request) {
        return this.#withBody(value, ["q", value.url, value.method, [...value.headers], value.redirect]);
      }
      if (value instanceof Response) {
        if (value.webSocket !== null)
          throw new TypeError("a Response with a webSocket cannot be sent to another Worker");
        const encodeBody = encodesBody(value) ? "automatic" : "manual";
        return this.#withBody(value, ["r", value.status, value.statusText, [...value.headers], encodeBody]);
      }
      const prototype = Object.getPrototypeOf(value);
      if (prototype === Object.prototype || prototype === null) return ["o", Object.entries(value).map(nodes)];
      const what =
        value instanceof Unsendable ? value.type : value instanceof Target ? "RpcTarget" : value.constructor?.name;
      throw new TypeError(`an object of ${String(what)} cannot be sent to another Worker`);
    }

    /** The body's place comes behind what the node has. */
    #withBody(value, node) {
      this.#later.push(async () => {
        const bytes = await value.bytes();
        if (bytes.length > 0) node.push(...this.#bytes(bytes));
      });
      return node;
    }
  }

  const decode = (bytes, functionOf) => {
    const start = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const slice = (at, length) => (length === undefined ? null : bytes.slice(start + at, start + at + length));
    const kinds = {
      u: () => undefined,
      n: (text) => Number(text),
      i: (text) => BigInt(text),
      a: (items) => items.map(value),
      o: (entries) => Object.fromEntries(entries.map((entry) => entry.map(value))),
      m: (entries) => new Map(entries.map((entry) => entry.map(value))),
      s: (items) => new Set(items.map(value)),
      d: (time) => new Date(time),
      B: (at, length) => slice(at, length).buffer,
      b: (at, length, name) => {
        const View = views[name] ?? Uint8Array;
        return new View(slice(at, length).buffer);
      },
      e: (name, message) => newError(name, message),
      h: (pairs) => new Headers(pairs),
      c: (token) => functionOf(token),
      w: (token) => streamBy(functionOf(token)),
      F: (name, type, lastModified, at, length) => new File([slice(at, length)], name, { type, lastModified }),
      k: (type, at, length) => new Blob([slice(at, length)], { type }),
      f(entries) {
        const form = new FormData();
        for (const [name, item] of entries) form.append(name, value(item));
        return form;
      },
      q(url, method, headers, redirect, at, length) {
        const body = slice(at, length);
        // One that a client sent, which the constructor refuses.
        const isOdd = body !== null && (method === "GET" || method === "HEAD");
        if (isOdd) return incomingRequest(method, url, linesOfHeaders(new Headers(headers)), body, null);
        return new Request(url, { method, headers, redirect, body });
      },
      r: (status, statusText, headers, encodeBody, at, length) =>
        new Response(slice(at, length), { status, statusText, headers, encodeBody }),
    };
    const value = (node) => (Array.isArray(node) ? kinds[node[0]](...node.slice(1)) : node);
    return value(JSON.parse(decoder.decode(bytes.subarray(4, start))));
  };

  /** An error of another Worker. @param {string} name @param {string} message */
  const newError = (name, message) => {
    const error = new (errors[name] ?? Error)(message);
    if (error.name !== name) Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
    return error;
  };

  /** @param {any} value @param {(value: Function | object, isOwned?: boolean) => string} [ofFunction] What stands for a function, if one may be sent. */
  __blockon.encodeValue = (value, ofFunction) => new Encoder(ofFunction).encode(value);
  /** @param {Uint8Array} bytes @param {(token: string) => Function} [functionOf] */
  __blockon.decodeValue = decode;
  __blockon.newError = newError;
}
