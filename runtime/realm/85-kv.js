// KVNamespace: Cloudflare's API of KV. https://developers.cloudflare.com/kv/api/
//
// The host checks keys and limits, and answers a read at once; a write is a promise until it is on the disk. What Python
// passes as it is (bytes, dicts, lists) is taken as well as what it has converted.
"use strict";
{
  const { bridge, on, fromPython, optionsOf } = __blockon;
  // A Worker may put others in their places.
  const { ReadableStream, Response } = globalThis;
  const encoder = new TextEncoder();
  // What was put is what is got, a byte order mark included.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const types = new Set(["text", "json", "arrayBuffer", "stream"]);

  const keyOf = (key) => {
    if (typeof key === "string") return key;
    if (typeof key === "number") return String(key);
    throw new TypeError(`KV: a key is a string, not ${key === null ? "null" : typeof key}`);
  };

  /** Of get(key, type) and get(key, {type}). */
  const typeOf = (typeOrOptions) => {
    const type = typeof typeOrOptions === "string" ? typeOrOptions : (optionsOf(typeOrOptions).type ?? "text");
    if (types.has(type)) return type;
    throw new TypeError(`KV: the type of a value is "text", "json", "arrayBuffer" or "stream", not ${String(type)}`);
  };

  const readAs = {
    text: (bytes) => decoder.decode(bytes),
    json: (bytes) => JSON.parse(decoder.decode(bytes)),
    arrayBuffer: (bytes) => (bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer),
    stream: (bytes) => new Response(bytes).body,
  };

  /** Unpacks what the host packed: [{bytes, metadata} | null]. */
  const unpack = (packed) => {
    const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
    let offset = 4 + view.getUint32(0, true);
    return JSON.parse(decoder.decode(packed.subarray(4, offset))).map((head) => {
      if (head === null) return null;
      const bytes = packed.subarray(offset, offset + head.size);
      offset += head.size;
      return { bytes, metadata: head.metadata === null ? null : JSON.parse(head.metadata) };
    });
  };

  /** @param {any} value @returns {Uint8Array | Promise<Uint8Array>} */
  const bytesOf = (value) => {
    if (typeof value === "string") return encoder.encode(value);
    if (value instanceof ArrayBuffer) return new Uint8Array(value);
    if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    if (value instanceof ReadableStream) return new Response(value).bytes();
    throw new TypeError("KV: a value is a string, an ArrayBuffer, a view of one, or a ReadableStream");
  };

  const secondsOf = (name, value) => {
    if (value === undefined || value === null) return null;
    const seconds = Number(value);
    if (Number.isFinite(seconds)) return seconds;
    throw new TypeError(`KV: ${name} is a number of seconds, not ${String(value)}`);
  };

  const metadataOf = (value) => {
    const plain = fromPython(value);
    if (plain === undefined || plain === null) return null;
    // None in a dict of Python's is undefined here, which JSON would leave out.
    const json = JSON.stringify(plain, (_key, item) => (item === undefined ? null : item));
    if (json === undefined) throw new TypeError("KV: the metadata has no JSON");
    return json;
  };

  /** Those that are not on the disk yet. @type {Map<number, PromiseWithResolvers<undefined>>} */
  const writes = new Map();
  let lastId = 0;

  on("kv.written", (id, problem) => {
    const write = writes.get(id);
    writes.delete(id);
    if (problem === null) write?.resolve(undefined);
    else write?.reject(new Error(`KV: it was not written: ${problem}`));
  });

  /** @param {string} op */
  const write = (op, ...values) => {
    const id = ++lastId;
    bridge.call(op, id, ...values);
    const written = Promise.withResolvers();
    writes.set(id, written);
    return written.promise;
  };

  class KvNamespace {
    #name;

    constructor(name) {
      this.#name = name;
    }

    async get(keyOrKeys, typeOrOptions = undefined) {
      const keys = fromPython(keyOrKeys);
      if (Array.isArray(keys)) return this.#getMany(keys, typeOrOptions, (value) => value);
      const type = typeOf(typeOrOptions);
      const bytes = bridge.call("kv.get", this.#name, keyOf(keys));
      return bytes === null ? null : readAs[type](bytes);
    }

    async getWithMetadata(keyOrKeys, typeOrOptions = undefined) {
      const keys = fromPython(keyOrKeys);
      if (Array.isArray(keys)) return this.#getMany(keys, typeOrOptions, (value, metadata) => ({ value, metadata }));
      const type = typeOf(typeOrOptions);
      const [entry] = unpack(bridge.call("kv.getWithMetadata", this.#name, keyOf(keys)));
      const found = entry === null ? { value: null, metadata: null } : { ...entry, value: readAs[type](entry.bytes) };
      return { value: found.value, metadata: found.metadata, cacheStatus: null };
    }

    async put(key, given, putOptions = undefined) {
      const options = optionsOf(putOptions);
      const bytes = bytesOf(fromPython(given));
      // At once where that can be: of two writes the one that was asked for first is the first.
      const value = bytes instanceof Uint8Array ? bytes : await bytes;
      return write(
        "kv.put",
        this.#name,
        keyOf(key),
        value,
        secondsOf("expiration", options.expiration),
        secondsOf("expirationTtl", options.expirationTtl),
        metadataOf(options.metadata),
      );
    }

    async delete(key) {
      return write("kv.delete", this.#name, keyOf(key));
    }

    async list(listOptions = undefined) {
      const { prefix, limit, cursor } = optionsOf(listOptions);
      const text = (value) => (value === undefined || value === null ? null : String(value));
      const json = bridge.call(
        "kv.list",
        this.#name,
        text(prefix) ?? "",
        limit === undefined || limit === null ? null : Number(limit),
        // An empty one, as loops begin with, is none.
        text(cursor) || null,
      );
      const { keys, cursor: next } = JSON.parse(json);
      return next === null
        ? { keys, list_complete: true, cacheStatus: null }
        : { keys, list_complete: false, cursor: next, cacheStatus: null };
    }

    async #getMany(keys, typeOrOptions, result) {
      const type = typeOf(typeOrOptions);
      if (type !== "text" && type !== "json") {
        throw new TypeError(`KV: of several keys the type is "text" or "json", not "${type}"`);
      }
      const names = keys.map(keyOf);
      const entries = unpack(bridge.call("kv.getMany", this.#name, JSON.stringify(names)));
      const found = (entry) => (entry === null ? null : result(readAs[type](entry.bytes), entry.metadata));
      return new Map(names.map((name, index) => [name, found(entries[index])]));
    }

    get [Symbol.toStringTag]() {
      return "KvNamespace";
    }
  }

  __blockon.newKvNamespace = (name) => new KvNamespace(name);
}
