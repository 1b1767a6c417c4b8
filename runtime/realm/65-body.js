// What Request and Response have in common: a body that can be read once. https://fetch.spec.whatwg.org/#body-mixin
//
// A body is its bytes, or a promise of them while they arrive from the host. Streams are not available.
"use strict";
{
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();

  /** @param {any} init @returns {{bytes: Uint8Array, type: string | null} | null} */
  const extract = (init) => {
    if (init === undefined || init === null) return null;
    if (init instanceof ArrayBuffer) return { bytes: new Uint8Array(init.slice(0)), type: null };
    if (ArrayBuffer.isView(init)) {
      return { bytes: new Uint8Array(init.buffer, init.byteOffset, init.byteLength).slice(), type: null };
    }
    if (init instanceof URLSearchParams) {
      return { bytes: encoder.encode(init.toString()), type: "application/x-www-form-urlencoded;charset=UTF-8" };
    }
    return { bytes: encoder.encode(String(init)), type: "text/plain;charset=UTF-8" };
  };

  class Body {
    /** @type {Uint8Array | Promise<Uint8Array> | null} */
    #body = null;
    #used = false;

    /** Internal to this folder: sets the body once. */
    static set(object, body) {
      object.#body = body;
    }

    /** Internal to this folder: the body without reading it. */
    static peek(object) {
      return object.#body;
    }

    /** Internal to this folder: gives the body away. */
    static take(object, what) {
      if (object.#used) throw new TypeError(`${what}: the body was read already`);
      if (object.#body !== null) object.#used = true;
      return object.#body;
    }

    get bodyUsed() {
      return this.#used;
    }

    get body() {
      if (this.#body === null) return null;
      throw new TypeError("body: streams are not available here; use arrayBuffer(), bytes(), text() or json()");
    }

    async bytes() {
      const body = Body.take(this, "bytes()");
      return body === null ? new Uint8Array(0) : await body;
    }

    async arrayBuffer() {
      const bytes = await this.bytes();
      return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
    }

    async text() {
      return decoder.decode(await this.bytes());
    }

    async json() {
      return JSON.parse(await this.text());
    }
  }

  __blockon.Body = Body;
  __blockon.extractBody = extract;
}
