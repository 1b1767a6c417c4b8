// CompressionStream and DecompressionStream, by the host's zlib. https://compression.spec.whatwg.org/
//
//   realm: zlib.open(id, format, compresses) | write(id, bytes) | end | drop (id)   host: zlib.data(id, bytes) ..., zlib.done(id) | error(id, text)
"use strict";
{
  const { bridge, on, expose } = __blockon;
  const formats = new Set(["gzip", "deflate", "deflate-raw", "brotli"]);
  /** @type {Map<number, {controller: any, step: PromiseWithResolvers<void> | null}>} */
  const codecs = new Map();
  let lastId = 0;

  on("zlib.data", (id, bytes) => codecs.get(id)?.controller.enqueue(bytes));
  on("zlib.done", (id) => codecs.get(id)?.step?.resolve());
  on("zlib.error", (id, text) => codecs.get(id)?.step?.reject(new TypeError(text)));

  const transformOf = (name, format, compresses) => {
    const kind = String(format);
    if (!formats.has(kind))
      throw new TypeError(`${name}: there is no format ${kind}; there are ${[...formats].join(", ")}`);
    const id = ++lastId;
    const codec = { controller: null, step: null };
    const drop = () => {
      codecs.delete(id);
      bridge.call("zlib.drop", id);
    };
    const step = async (op, ...values) => {
      codec.step = Promise.withResolvers();
      bridge.call(op, id, ...values);
      try {
        await codec.step.promise;
      } catch (error) {
        drop();
        throw error;
      }
    };
    const transform = new TransformStream({
      start(controller) {
        codec.controller = controller;
        codecs.set(id, codec);
        bridge.call("zlib.open", id, kind, compresses);
      },
      transform(chunk) {
        if (!(chunk instanceof ArrayBuffer) && !ArrayBuffer.isView(chunk)) {
          drop();
          throw new TypeError(`${name}: a chunk must be bytes`);
        }
        return step("zlib.write", chunk);
      },
      async flush() {
        await step("zlib.end");
        drop();
      },
      cancel: drop,
    });
    return transform;
  };

  for (const [name, compresses] of [
    ["CompressionStream", true],
    ["DecompressionStream", false],
  ]) {
    const { [name]: Class } = {
      [name]: class {
        #transform;

        constructor(format) {
          this.#transform = transformOf(name, format, compresses);
        }

        get readable() {
          return this.#transform.readable;
        }

        get writable() {
          return this.#transform.writable;
        }

        get [Symbol.toStringTag]() {
          return name;
        }
      },
    };
    expose(name, Class);
  }
}
