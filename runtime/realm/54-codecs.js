// TextEncoderStream and TextDecoderStream. https://encoding.spec.whatwg.org/#interface-textdecoderstream
"use strict";
{
  const { expose } = __blockon;

  class TextEncoderStream {
    #transform;
    /** The first half of a character whose second half comes in the next chunk. */
    #high = "";

    constructor() {
      const encoder = new TextEncoder();
      this.#transform = new TransformStream({
        transform: (chunk, controller) => {
          let text = this.#high + String(chunk);
          this.#high = /[\uD800-\uDBFF]$/.test(text) ? text.slice(-1) : "";
          if (this.#high !== "") text = text.slice(0, -1);
          if (text !== "") controller.enqueue(encoder.encode(text));
        },
        flush: (controller) => {
          if (this.#high !== "") controller.enqueue(encoder.encode(this.#high));
        },
      });
    }

    get encoding() {
      return "utf-8";
    }

    get readable() {
      return this.#transform.readable;
    }

    get writable() {
      return this.#transform.writable;
    }

    get [Symbol.toStringTag]() {
      return "TextEncoderStream";
    }
  }

  class TextDecoderStream {
    #decoder;
    #transform;

    constructor(label = "utf-8", options = {}) {
      const decoder = new TextDecoder(label, options);
      this.#decoder = decoder;
      this.#transform = new TransformStream({
        transform(chunk, controller) {
          if (!ArrayBuffer.isView(chunk) && !(chunk instanceof ArrayBuffer)) {
            throw new TypeError("TextDecoderStream: a chunk must be bytes");
          }
          const text = decoder.decode(chunk, { stream: true });
          if (text !== "") controller.enqueue(text);
        },
        flush(controller) {
          const text = decoder.decode();
          if (text !== "") controller.enqueue(text);
        },
      });
    }

    get encoding() {
      return this.#decoder.encoding;
    }

    get fatal() {
      return this.#decoder.fatal;
    }

    get ignoreBOM() {
      return this.#decoder.ignoreBOM;
    }

    get readable() {
      return this.#transform.readable;
    }

    get writable() {
      return this.#transform.writable;
    }

    get [Symbol.toStringTag]() {
      return "TextDecoderStream";
    }
  }

  expose("TextEncoderStream", TextEncoderStream);
  expose("TextDecoderStream", TextDecoderStream);
}
