// A body on its way out through the Content-Encoding that its response names: gzip or br, as Cloudflare's platform does unless a Response
// says `encodeBody: "manual"`. What is gzip already goes as it is: who made it forgot to say so.
"use strict";
{
  const { sourceOf, streamOf } = __blockon;
  // A Worker may put another in its place.
  const { CompressionStream } = globalThis;
  const formats = { gzip: "gzip", br: "brotli" };

  /** What was read of a source, and the rest. */
  const again = (first, source) => {
    let isRead = false;
    return {
      read() {
        if (isRead) return first === null ? null : source.read();
        isRead = true;
        return first;
      },
      cancel: (reason) => source.cancel(reason),
    };
  };

  const isGzip = (bytes) => bytes !== null && bytes[0] === 0x1f && bytes[1] === 0x8b;

  /** @param {any} source of a body (62-sources.js) @param {"gzip" | "br"} encoding @returns {any} another, that is never whole */
  __blockon.encodedSource = (source, encoding) => {
    let encoded = null;
    const open = async () => {
      const first = await source.read();
      const whole = again(first, source);
      if (encoding === "gzip" && isGzip(first)) return whole;
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
