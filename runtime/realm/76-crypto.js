// crypto: randomness, and CryptoKey and SubtleCrypto over the host's. https://w3c.github.io/webcrypto/
//
//   realm: subtle.start(id, method, json, ...bytes)     host: subtle.done(id, json, bytes) | subtle.error(id, name, message)
//
// What goes over is JSON, in which {"bytes": i} stands for the bytes at that place and {"key": handle} for a key. Keys stay at the host; the
// realm has a number for each and what may be known of it.
"use strict";
{
  const { bridge, on, expose } = __blockon;
  const mostRandomBytes = 65536;
  const integerViews = ["Int8", "Uint8", "Uint8Clamped", "Int16", "Uint16", "Int32", "Uint32", "BigInt64", "BigUint64"];

  /** By which this file makes keys. */
  const secret = Symbol("CryptoKey");
  /** Keys that nobody has any more are forgotten by the host. */
  const dropped = new FinalizationRegistry((handle) => bridge.call("subtle.drop", handle));

  class CryptoKey {
    #handle;
    #facts;

    constructor(key, handle, facts) {
      if (key !== secret) throw new TypeError("Illegal constructor");
      this.#handle = handle;
      this.#facts = facts;
      dropped.register(this, handle);
    }

    static #handleOf = (key) => key.#handle;

    static {
      __blockon.handleOf = CryptoKey.#handleOf;
    }

    get type() {
      return this.#facts.type;
    }

    get extractable() {
      return this.#facts.extractable;
    }

    get algorithm() {
      return this.#facts.algorithm;
    }

    get usages() {
      return this.#facts.usages;
    }

    get [Symbol.toStringTag]() {
      return "CryptoKey";
    }
  }
  const { handleOf } = __blockon;
  delete __blockon.handleOf;

  /** @type {Map<number, PromiseWithResolvers<any>>} */
  const pending = new Map();
  let lastId = 0;

  const deepest = 8;
  /** A copy that JSON can hold; bytes go into `bytes`. */
  const packed = (value, bytes, depth = 0) => {
    if (depth > deepest) throw new TypeError("crypto.subtle: an argument has too many levels");
    if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint") {
      throw new TypeError(`crypto.subtle: an argument is a ${typeof value}`);
    }
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof CryptoKey) return { key: handleOf(value) };
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return { bytes: bytes.push(value) - 1 };
    if (Array.isArray(value)) return value.map((item) => packed(item, bytes, depth + 1));
    const copy = {};
    for (const name in value) copy[name] = packed(value[name], bytes, depth + 1);
    return { object: copy };
  };
  const unpacked = (value, bytes) => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => unpacked(item, bytes));
    if ("bytes" in value) return bytes.slice(value.bytes[0], value.bytes[0] + value.bytes[1]);
    if ("key" in value) return new CryptoKey(secret, value.key, unpacked(value.facts, bytes));
    return Object.fromEntries(Object.entries(value.object).map(([name, item]) => [name, unpacked(item, bytes)]));
  };

  on("subtle.done", (id, json, bytes) => {
    const waiting = pending.get(id);
    pending.delete(id);
    const value = unpacked(JSON.parse(json), bytes);
    // Bytes alone are an ArrayBuffer there.
    waiting?.resolve(value instanceof Uint8Array ? value.buffer : value);
  });
  on("subtle.error", (id, name, message) => {
    const waiting = pending.get(id);
    pending.delete(id);
    waiting?.reject(name === "TypeError" ? new TypeError(message) : new DOMException(message, name));
  });

  const start = async (method, values) => {
    const bytes = [];
    const json = JSON.stringify(values.map((value) => packed(value, bytes)));
    const id = ++lastId;
    const { promise, ...resolvers } = Promise.withResolvers();
    pending.set(id, resolvers);
    try {
      bridge.call("subtle.start", id, method, json, ...bytes);
    } catch (error) {
      pending.delete(id);
      throw error;
    }
    return promise;
  };

  class SubtleCrypto {
    get [Symbol.toStringTag]() {
      return "SubtleCrypto";
    }
  }
  const methods = {
    ...{ encrypt: 3, decrypt: 3, sign: 3, verify: 4, digest: 2, generateKey: 3, deriveKey: 5, deriveBits: 2 },
    ...{ importKey: 5, exportKey: 2, wrapKey: 4, unwrapKey: 7 },
  };
  for (const [name, length] of Object.entries(methods)) {
    const method = {
      async [name](...values) {
        if (values.length < length)
          throw new TypeError(`${name}: ${length} arguments are needed, not ${values.length}`);
        return start(name, values);
      },
    }[name];
    Object.defineProperty(SubtleCrypto.prototype, name, {
      value: method,
      writable: true,
      configurable: true,
      enumerable: true,
    });
  }

  /** Cloudflare's: whether bytes are the same, in a time that tells nothing of where they differ. */
  const timingSafeEqual = function timingSafeEqual(one, other) {
    const [first, second] = [one, other].map((value) => {
      if (value instanceof ArrayBuffer) return new Uint8Array(value);
      if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      throw new TypeError("timingSafeEqual: two buffers are needed");
    });
    if (first.length !== second.length) throw new TypeError("timingSafeEqual: the buffers must have the same length");
    let difference = 0;
    for (let i = 0; i < first.length; i++) difference |= first[i] ^ second[i];
    return difference === 0;
  };
  Object.defineProperty(SubtleCrypto.prototype, "timingSafeEqual", {
    value: timingSafeEqual,
    writable: true,
    configurable: true,
    enumerable: true,
  });

  /** crypto.DigestStream of Cloudflare's platform: the digest of what is written to it. */
  class DigestStream extends WritableStream {
    #digest;
    #written = 0;

    constructor(algorithm) {
      const name = typeof algorithm === "string" ? algorithm : algorithm?.name;
      const handle = bridge.call("hash.start", String(name));
      const { promise, resolve, reject } = Promise.withResolvers();
      // Whoever asks for the digest gets the error; when nobody does, it is no unhandled rejection.
      promise.catch(() => {});
      const self = {};
      super({
        write(chunk) {
          const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
          if (!(bytes instanceof ArrayBuffer) && !ArrayBuffer.isView(bytes)) {
            throw new TypeError("DigestStream: a chunk must be bytes or text");
          }
          bridge.call("hash.update", handle, bytes);
          self.wrote(bytes.byteLength);
        },
        close: () => resolve(bridge.call("hash.end", handle).buffer),
        abort(reason) {
          bridge.call("hash.drop", handle);
          reject(reason);
        },
      });
      self.wrote = (size) => {
        this.#written += size;
      };
      this.#digest = promise;
      hashes.register(this, handle);
    }

    get digest() {
      return this.#digest;
    }

    get bytesWritten() {
      return this.#written;
    }
  }
  const hashes = new FinalizationRegistry((handle) => bridge.call("hash.drop", handle));

  class Crypto {
    #subtle = new SubtleCrypto();

    get subtle() {
      return this.#subtle;
    }

    get DigestStream() {
      return DigestStream;
    }

    getRandomValues(view) {
      if (!ArrayBuffer.isView(view) || !integerViews.includes(view.constructor.name.replace(/Array$/, ""))) {
        throw new DOMException("getRandomValues: expected a typed array of integers", "TypeMismatchError");
      }
      if (view.byteLength > mostRandomBytes) {
        throw new DOMException(`getRandomValues: at most ${mostRandomBytes} bytes at once`, "QuotaExceededError");
      }
      new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(bridge.call("random", view.byteLength));
      return view;
    }

    randomUUID() {
      const bytes = bridge.call("random", 16);
      bytes[6] = (bytes[6] & 0x0f) | 0x40;
      bytes[8] = (bytes[8] & 0x3f) | 0x80;
      return bytes.toHex().replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
    }

    get [Symbol.toStringTag]() {
      return "Crypto";
    }
  }
  expose("CryptoKey", CryptoKey);
  expose("SubtleCrypto", SubtleCrypto);
  expose("Crypto", Crypto);
  expose("crypto", new Crypto());
}
