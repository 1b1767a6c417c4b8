// Blob and File. https://w3c.github.io/FileAPI/
"use strict";
{
  const { expose } = __blockon;
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  /** By which slice() makes its result. */
  const key = Symbol("Blob");
  const chunkBytes = 64 * 1024;

  const typeOf = (value) => {
    const type = String(value ?? "");
    return /[^\x20-\x7e]/.test(type) ? "" : type.toLowerCase();
  };

  class Blob {
    /** Never changed: slices share it. @type {Uint8Array} */
    #bytes;
    #type;

    constructor(parts = undefined, options = {}) {
      if (parts === key) {
        this.#bytes = options.bytes;
        this.#type = options.type;
        return;
      }
      this.#type = typeOf(options?.type);
      this.#bytes = parts === undefined ? new Uint8Array(0) : Blob.#join(parts, options?.endings);
    }

    static #join(parts, endings = "transparent") {
      if (typeof parts !== "object" || parts === null || typeof parts[Symbol.iterator] !== "function") {
        throw new TypeError("Blob: the parts must be a sequence, as [text, bytes, blob]");
      }
      if (endings !== "transparent" && endings !== "native") throw new TypeError(`Blob: unknown endings ${endings}`);
      const all = Array.from(parts, (part) => {
        if (part instanceof Blob) return part.#bytes;
        if (part instanceof ArrayBuffer) return new Uint8Array(part);
        if (ArrayBuffer.isView(part)) return new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
        const text = String(part);
        return encoder.encode(endings === "native" ? text.replace(/\r\n?/g, "\n") : text);
      });
      const bytes = new Uint8Array(all.reduce((size, part) => size + part.length, 0));
      let offset = 0;
      for (const part of all) {
        bytes.set(part, offset);
        offset += part.length;
      }
      return bytes;
    }

    /** Internal to this folder: the bytes, which are not to be changed. */
    static #bytesOf = (blob) => blob.#bytes;

    /** Internal to this folder: a Blob of bytes that nobody else has. */
    static #made = (bytes, type) => new Blob(key, { bytes, type: typeOf(type) });

    static {
      __blockon.blobBytes = Blob.#bytesOf;
      __blockon.makeBlob = Blob.#made;
    }

    get size() {
      return this.#bytes.length;
    }

    get type() {
      return this.#type;
    }

    slice(start = 0, end = undefined, type = "") {
      const from = Math.trunc(Number(start)) || 0;
      const to = end === undefined ? this.size : Math.trunc(Number(end)) || 0;
      return new Blob(key, { bytes: this.#bytes.subarray(from, to), type: typeOf(type) });
    }

    async arrayBuffer() {
      return this.#bytes.slice().buffer;
    }

    async bytes() {
      return this.#bytes.slice();
    }

    async text() {
      return decoder.decode(this.#bytes);
    }

    stream() {
      const bytes = this.#bytes;
      let offset = 0;
      return new ReadableStream({
        type: "bytes",
        pull(controller) {
          if (offset < bytes.length) {
            controller.enqueue(bytes.slice(offset, offset + chunkBytes));
            offset += chunkBytes;
          }
          if (offset >= bytes.length) {
            controller.close();
            controller.byobRequest?.respond(0);
          }
        },
      });
    }

    get [Symbol.toStringTag]() {
      return "Blob";
    }
  }

  class File extends Blob {
    #name;
    #lastModified;

    constructor(parts, name, options = {}) {
      if (name === undefined) throw new TypeError("File: the parts and a name are needed");
      super(parts, options);
      this.#name = String(name).toWellFormed();
      this.#lastModified =
        options?.lastModified === undefined ? Date.now() : Math.trunc(Number(options.lastModified)) || 0;
    }

    get name() {
      return this.#name;
    }

    get lastModified() {
      return this.#lastModified;
    }

    get webkitRelativePath() {
      return "";
    }

    get [Symbol.toStringTag]() {
      return "File";
    }
  }

  expose("Blob", Blob);
  expose("File", File);
}
