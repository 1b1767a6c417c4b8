// IdentityTransformStream and FixedLengthStream of Cloudflare's platform: what is written is what is read, as bytes, and a write is done when
// it has been read.
"use strict";
{
  const { expose } = __blockon;
  // A Worker may put others in their places.
  const { ReadableStream, WritableStream } = globalThis;
  /** Of a FixedLengthStream's readable, as a Content-Length has it. @type {WeakMap<object, string>} */
  const lengths = new WeakMap();

  const needBytes = (chunk) => {
    if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk.slice(0));
    if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice();
    const advice = typeof chunk === "string" ? "; write text through a TextEncoderStream" : "";
    throw new TypeError(`a chunk must be bytes, not ${typeof chunk}${advice}`);
  };

  /** @param {(bytes: Uint8Array) => void} see Each chunk; it may throw. @param {() => void} close Before the end; it may throw. */
  const identity = (see, close) => {
    let reader;
    let writer;
    /** The reader wants more. @type {PromiseWithResolvers<void> | null} */
    let room = Promise.withResolvers();
    const wake = () => {
      room?.resolve();
      room = null;
    };
    /** What the readable side was cancelled for. @type {{ error: any } | null} */
    let cancelled = null;
    const readable = new ReadableStream(
      {
        type: "bytes",
        start(controller) {
          reader = controller;
        },
        pull: wake,
        cancel(reason) {
          cancelled = { error: reason ?? new TypeError("the stream's readable side was cancelled") };
          writer.error(cancelled.error);
          wake();
        },
      },
      { highWaterMark: 0 },
    );
    /** Both sides end with what one of them fails with. */
    const failing = (step) => {
      try {
        step();
      } catch (error) {
        reader.error(error);
        throw error;
      }
    };
    const writable = new WritableStream({
      start(controller) {
        writer = controller;
        // A write that waits for who reads would hold the abort up.
        controller.signal.addEventListener("abort", wake);
      },
      async write(chunk) {
        let bytes;
        failing(() => {
          bytes = needBytes(chunk);
          see(bytes);
        });
        if (bytes.length === 0) return;
        await room?.promise;
        room = Promise.withResolvers();
        if (cancelled !== null) throw cancelled.error;
        if (writer.signal.aborted) return;
        reader.enqueue(bytes);
      },
      close() {
        failing(close);
        reader.close();
        reader.byobRequest?.respond(0);
      },
      abort(reason) {
        reader.error(reason);
        wake();
      },
    });
    return { readable, writable };
  };

  class IdentityTransformStream {
    #sides;

    constructor() {
      this.#sides = identity(
        () => {},
        () => {},
      );
    }

    get readable() {
      return this.#sides.readable;
    }

    get writable() {
      return this.#sides.writable;
    }

    get [Symbol.toStringTag]() {
      return "IdentityTransformStream";
    }
  }

  class FixedLengthStream {
    #sides;

    constructor(expectedLength) {
      const expected = BigInt(expectedLength);
      if (expected < 0n) throw new TypeError(`FixedLengthStream: ${expected} is no length`);
      let left = expected;
      this.#sides = identity(
        (bytes) => {
          if (BigInt(bytes.length) > left)
            throw new TypeError(`FixedLengthStream: more than ${expected} bytes were written`);
          left -= BigInt(bytes.length);
        },
        () => {
          if (left > 0n) throw new TypeError(`FixedLengthStream: closed with ${left} of ${expected} bytes missing`);
        },
      );
      lengths.set(this.#sides.readable, String(expected));
    }

    get readable() {
      return this.#sides.readable;
    }

    get writable() {
      return this.#sides.writable;
    }

    get [Symbol.toStringTag]() {
      return "FixedLengthStream";
    }
  }

  expose("IdentityTransformStream", IdentityTransformStream);
  expose("FixedLengthStream", FixedLengthStream);
  /** The Content-Length of a body that is the readable side of a FixedLengthStream; undefined for others. */
  __blockon.fixedLength = (body) => (body instanceof ReadableStream ? lengths.get(body) : undefined);
}
