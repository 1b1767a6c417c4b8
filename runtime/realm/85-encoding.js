// A body on its way out through the Content-Encoding that its response names: gzip or br, as Cloudflare's platform does unless a Response
// says `encodeBody: "manual"`. What is gzip already goes as it is: who made it forgot to say so.
"use strict";
{
  const { sourceOf, streamOf } = __blockon;
  // A Worker may put another in its place.
  const { CompressionStream } = globalThis;
  const formats = { gzip: "gzip", br: "brotli" };

  /** What was read of a source, of which the last may be its end, and the rest. */
  const again = (read, source) => {
    const left = [...read];
    return {
      read() {
        if (left.length > 0) return left.shift();
        return read.at(-1) === null ? null : source.read();
      },
      cancel: (reason) => source.cancel(reason),
    };
  };

  /** What a source begins with: pieces with two bytes at least, or all. */
  const begin = async (source) => {
    const pieces = [];
    for (let size = 0; size < 2; size += pieces.at(-1).length) {
      pieces.push(await source.read());
      if (pieces.at(-1) === null) break;
    }
    return pieces;
  };

  const isGzip = (pieces) => {
    const [first, second] = pieces.flatMap((piece) => (piece === null ? [] : [...piece.subarray(0, 2)]));
    return first === 0x1f && second === 0x8b;
  };

  /** @param {any} source of a body (62-sources.js) @param {"gzip" | "br"} encoding @returns {any} another, that is never whole */
  __blockon.encodedSource = (source, encoding) => {
    let encoded = null;
    const open = async () => {
      const pieces = await begin(source);
      const whole = again(pieces, source);
      if (encoding === "gzip" && isGzip(pieces)) return whole;
      return sourceOf(streamOf(whole).pipeThrough(new CompressionStream(formats[encoding])));
    };
    return {
      async read() {
        encoded ??= await open();
        return encoded.read();
      },
      isWhole: () => false,
      whole: () => undefined,
      cancel(reason) {
        (encoded ?? source).cancel(reason);
      },
    };
  };
}
