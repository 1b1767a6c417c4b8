// TextEncoder, and TextDecoder for UTF-8, UTF-16LE and windows-1252. https://encoding.spec.whatwg.org/#api
"use strict";
{
  const { encodeUtf8, decodeUtf8, decodeUtf16, decodeLatin1 } = __blockon.bridge;
  const labels = new Map([
    ...["utf-8", "utf8", "unicode-1-1-utf-8"].map((label) => [label, "utf-8"]),
    ...["windows-1252", "latin1", "iso-8859-1", "iso8859-1", "l1", "ascii", "us-ascii", "cp1252"].map((label) => [
      label,
      "windows-1252",
    ]),
    ...["utf-16le", "utf-16", "ucs-2", "unicode", "csunicode"].map((label) => [label, "utf-16le"]),
  ]);
  const none = new Uint8Array(0);
  // Where windows-1252, which the Encoding Standard means by "latin1", differs from ISO 8859-1: 0x80 to 0x9f.
  const windows1252 =
    "\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f" +
    "\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178";

  class TextEncoder {
    get encoding() {
      return "utf-8";
    }

    encode(text = "") {
      return encodeUtf8(String(text));
    }

    encodeInto(source, destination) {
      let read = 0;
      let written = 0;
      for (const character of String(source)) {
        const bytes = encodeUtf8(character);
        if (written + bytes.length > destination.length) break;
        destination.set(bytes, written);
        written += bytes.length;
        read += character.length;
      }
      return { read, written };
    }
  }

  const bytesOf = (input) => {
    if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
    return new Uint8Array(input);
  };

  /** How many bytes at the end are the beginning of a character. @param {Uint8Array} bytes @param {boolean} wide */
  const incomplete = (bytes, wide) => {
    const length = bytes.length;
    if (wide) {
      const odd = length % 2;
      const high = length - odd >= 2 && (bytes[length - odd - 1] & 0xfc) === 0xd8;
      return odd + (high ? 2 : 0);
    }
    for (let back = 1; back <= Math.min(3, length); back++) {
      const byte = bytes[length - back];
      if ((byte & 0xc0) === 0x80) continue;
      const needed = byte >= 0xf0 && byte <= 0xf4 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
      return byte <= 0xf4 && needed > back ? back : 0;
    }
    return 0;
  };

  class TextDecoder {
    #encoding;
    #fatal;
    #ignoreBOM;
    #rest = none;
    #started = false;

    constructor(label = "utf-8", options = {}) {
      const encoding = labels.get(String(label).trim().toLowerCase());
      if (encoding === undefined) {
        throw new RangeError(
          `TextDecoder: the encoding ${JSON.stringify(String(label))} is not available; there are utf-8, utf-16le, windows-1252`,
        );
      }
      this.#encoding = encoding;
      this.#fatal = Boolean(options?.fatal);
      this.#ignoreBOM = Boolean(options?.ignoreBOM);
    }

    get encoding() {
      return this.#encoding;
    }

    get fatal() {
      return this.#fatal;
    }

    get ignoreBOM() {
      return this.#ignoreBOM;
    }

    decode(input = none, options = undefined) {
      if (this.#encoding === "windows-1252") {
        return decodeLatin1(input).replace(/[\x80-\x9f]/g, (c) => windows1252[c.charCodeAt(0) - 0x80]);
      }
      const stream = Boolean(options?.stream);
      const wide = this.#encoding === "utf-16le";
      let bytes = input;
      if (stream || this.#rest.length > 0) {
        const more = bytesOf(input);
        bytes = new Uint8Array(this.#rest.length + more.length);
        bytes.set(this.#rest);
        bytes.set(more, this.#rest.length);
        const kept = stream ? incomplete(bytes, wide) : 0;
        this.#rest = kept > 0 ? bytes.slice(bytes.length - kept) : none;
        bytes = bytes.subarray(0, bytes.length - kept);
      }
      let text;
      if (wide) {
        text = decodeUtf16(bytes);
        if (!text.isWellFormed() || (this.#fatal && bytes.byteLength % 2 !== 0)) {
          if (this.#fatal) throw new TypeError("The encoded data was not valid for encoding utf-16le");
          text = text.toWellFormed();
        }
      } else {
        text = decodeUtf8(bytes, this.#fatal);
      }
      if (!this.#started && !this.#ignoreBOM && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
      this.#started = stream && (this.#started || text !== "");
      return text;
    }
  }

  __blockon.expose("TextEncoder", TextEncoder);
  __blockon.expose("TextDecoder", TextDecoder);
}
