// What Request and Response have in common: a body that can be read once. https://fetch.spec.whatwg.org/#body-mixin
//
// A body is its text, its bytes, a source of them (62-sources.js), or a stream. Text becomes bytes, and the others a stream, when somebody
// asks for that, and not before: most never do.
"use strict";
{
  const { streamOf, sourceOf, collect, isDisturbed, blobBytes, makeBlob, encodeMultipart, parseMultipart } = __blockon;
  // A Worker may put others in their places.
  const { Blob, FormData, ReadableStream, TransformStream, URLSearchParams } = globalThis;
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();

  /** The source of bytes that are there. */
  const sourceOfBytes = (bytes) => {
    let rest = bytes.length === 0 ? null : bytes;
    return {
      read() {
        const next = rest;
        rest = null;
        return next;
      },
      isWhole: () => true,
      whole() {
        return this.read() ?? new Uint8Array(0);
      },
      cancel() {
        rest = null;
      },
    };
  };

  /** What a body is made of. @param {any} init @returns {{content: string | Uint8Array | ReadableStream, type: string | null} | null} */
  const extract = (init) => {
    if (init === undefined || init === null) return null;
    if (typeof init === "string") return { content: init, type: "text/plain;charset=UTF-8" };
    if (init instanceof ArrayBuffer) return { content: new Uint8Array(init.slice(0)), type: null };
    if (ArrayBuffer.isView(init)) {
      return { content: new Uint8Array(init.buffer, init.byteOffset, init.byteLength).slice(), type: null };
    }
    if (init instanceof ReadableStream) {
      if (init.locked || isDisturbed(init)) throw new TypeError("a body's stream is locked, or was read already");
      return { content: init, type: null };
    }
    if (init instanceof URLSearchParams) {
      return { content: encoder.encode(init.toString()), type: "application/x-www-form-urlencoded;charset=UTF-8" };
    }
    if (init instanceof Blob) return { content: blobBytes(init).slice(), type: init.type === "" ? null : init.type };
    if (init instanceof FormData) {
      const { bytes, type } = encodeMultipart(init);
      return { content: bytes, type };
    }
    return { content: String(init), type: "text/plain;charset=UTF-8" };
  };

  class Body {
    /** @type {string | Uint8Array | ReadableStream | {read(): any, cancel(reason: any): void} | null} */
    #given = null;
    /** Of one that is no stream. */
    #used = false;

    /** What there is, no text. */
    get #content() {
      if (typeof this.#given === "string") this.#given = encoder.encode(this.#given);
      return this.#given;
    }

    set #content(content) {
      this.#given = content;
    }

    /** Internal to this folder: sets the content once. */
    static set(object, content) {
      object.#content = content;
    }

    /** Internal to this folder: the content without reading it. */
    static peek(object) {
      return object.#content;
    }

    /** Internal to this folder: refuses a body that was read, or that somebody reads. */
    static needUnused(object, what) {
      if (object.bodyUsed) throw new TypeError(`${what}: the body was read already`);
      if (object.#content instanceof ReadableStream && object.#content.locked) {
        throw new TypeError(`${what}: the body's stream is locked to a reader`);
      }
    }

    /** Internal to this folder: gives the content away as bytes, a source, or null. */
    static take(object, what) {
      Body.needUnused(object, what);
      const content = object.#content;
      if (content === null) return null;
      if (content instanceof ReadableStream) return sourceOf(content);
      object.#used = true;
      return content;
    }

    /** Internal to this folder: as take(), or as a string that is to be encoded. */
    static takeText(object, what) {
      const given = object.#given;
      if (typeof given !== "string" || object.#used) return Body.take(object, what);
      object.#used = true;
      return given;
    }

    /** Internal to this folder: gives the content away to another body. */
    static move(object, what) {
      Body.needUnused(object, what);
      const content = object.#content;
      if (content === null) return null;
      if (content instanceof ReadableStream) return content.pipeThrough(new TransformStream());
      object.#used = true;
      return content;
    }

    /** Internal to this folder: the content for a clone; both have all of it. */
    static share(object) {
      Body.needUnused(object, "clone");
      if (object.#content === null) return null;
      if (object.#content instanceof Uint8Array) return object.#content.slice();
      const [mine, others] = object.body.tee();
      object.#content = mine;
      return others;
    }

    get bodyUsed() {
      return this.#used || (this.#content instanceof ReadableStream && isDisturbed(this.#content));
    }

    get body() {
      const content = this.#content;
      if (content === null || content instanceof ReadableStream) return content;
      if (this.#used) {
        this.#content = new ReadableStream({ type: "bytes" });
        this.#content.cancel();
      } else {
        this.#content = streamOf(content instanceof Uint8Array ? sourceOfBytes(content.slice()) : content);
      }
      return this.#content;
    }

    async bytes() {
      const content = Body.take(this, "bytes()");
      if (content === null) return new Uint8Array(0);
      return content instanceof Uint8Array ? content : collect(content);
    }

    async arrayBuffer() {
      const bytes = await this.bytes();
      return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
    }

    async text() {
      return decoder.decode(await this.bytes());
    }

    async blob() {
      const bytes = await this.bytes();
      return makeBlob(bytes, this.headers.get("content-type"));
    }

    async formData() {
      const type = this.headers.get("content-type") ?? "";
      const essence = type.split(";")[0].trim().toLowerCase();
      if (essence === "multipart/form-data") return parseMultipart(await this.bytes(), type);
      if (essence !== "application/x-www-form-urlencoded") {
        throw new TypeError(`formData: a body of the type ${JSON.stringify(type)} is no form`);
      }
      const form = new FormData();
      for (const [name, value] of new URLSearchParams(await this.text())) form.append(name, value);
      return form;
    }

    async json() {
      return JSON.parse(await this.text());
    }
  }

  __blockon.Body = Body;
  __blockon.sourceOfBytes = sourceOfBytes;
  __blockon.extractBody = extract;
}
