// Compression for a realm, by Node's zlib, a stream for each number. runtime/realm/78-compression.js says what goes over.
import type { Transform } from "node:stream";
import type { ZlibOptions } from "node:zlib";
import { messageOf } from "../../user_error.ts";
import { type LaterOperations, needNumber, needString, type Operations, type SendToRealm } from "./operations.ts";

/** Loaded when it is used first, as few Workers do. */
const zlib = () => process.getBuiltinModule("node:zlib");
/** As servers have it: a quality that keeps up with a connection, and a window of 256 KiB, where the library's own take some 30 MB for a stream. */
const brotli = () => {
  const { BROTLI_PARAM_LGWIN, BROTLI_PARAM_QUALITY } = zlib().constants;
  return { [BROTLI_PARAM_QUALITY]: 5, [BROTLI_PARAM_LGWIN]: 18 };
};
const makers: { readonly [format: string]: readonly [compress: () => Transform, decompress: () => Transform] } = {
  gzip: [() => zlib().createGzip(), () => zlib().createGunzip({ rejectGarbageAfterEnd: true } as ZlibOptions)],
  deflate: [() => zlib().createDeflate(), () => zlib().createInflate({ rejectGarbageAfterEnd: true } as ZlibOptions)],
  brotli: [() => zlib().createBrotliCompress({ params: brotli() }), () => zlib().createBrotliDecompress()],
  "deflate-raw": [
    () => zlib().createDeflateRaw(),
    () => zlib().createInflateRaw({ rejectGarbageAfterEnd: true } as ZlibOptions),
  ],
};
/** That a realm may have open at a time. */
const mostCodecs = 10_000;

export function compressionOperations(send: SendToRealm): LaterOperations {
  const codecs = new Map<number, Transform>();
  let underWay = 0;

  /** Calls `action` with what tells the realm that the step is done. */
  function step(id: number, action: (codec: Transform, done: (error?: Error | null) => void) => void): void {
    const codec = codecs.get(id);
    if (codec === undefined) throw new Error("there is no such stream");
    underWay++;
    let told = false;
    const done = (error?: Error | null): void => {
      if (told) return;
      told = true;
      underWay--;
      codec.off("error", done);
      if (error) send("zlib.error", id, messageOf(error));
      else send("zlib.done", id);
    };
    codec.on("error", done);
    action(codec, done);
  }

  const operations: Operations = {
    "zlib.open": (idValue, format, compresses) => {
      const id = needNumber(idValue);
      if (codecs.has(id)) throw new Error("there is a stream of this number");
      if (codecs.size >= mostCodecs) throw new RangeError(`a Worker may have ${mostCodecs} compression streams`);
      const name = needString(format);
      const pair = Object.hasOwn(makers, name) ? makers[name] : undefined;
      if (pair === undefined) throw new TypeError("unknown format");
      const codec = pair[compresses === true ? 0 : 1]();
      // A step has the error; between two there is nobody to tell.
      codec.on("error", () => {});
      codec.on("data", (chunk: Buffer) => {
        if (codecs.has(id)) send("zlib.data", id, chunk);
      });
      codecs.set(id, codec);
    },
    "zlib.write": (idValue, bytes) => {
      if (!(bytes instanceof Uint8Array)) throw new TypeError("expected bytes");
      step(needNumber(idValue), (codec, done) => codec.write(bytes, done));
    },
    "zlib.end": (idValue) => {
      step(needNumber(idValue), (codec, done) => {
        codec.once("end", () => done());
        codec.end();
      });
    },
    "zlib.drop": (idValue) => {
      const id = needNumber(idValue);
      codecs.get(id)?.destroy();
      codecs.delete(id);
    },
  };
  const end = (): void => {
    for (const codec of codecs.values()) codec.destroy();
    codecs.clear();
  };
  return { operations, underWay: () => underWay, end };
}
