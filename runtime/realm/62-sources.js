// Where the bytes of a body come from, and how they get to the host: the part of streams that needs no stream object.
//
//   a source     read() -> Uint8Array | null at the end | a promise of one of these;  cancel(reason);
//                isWhole() and whole() -> bytes | undefined: whether all of it is there, and that
//   IncomingBody what the host sends        PipeBody what a program writes        sourceOf(stream) what a ReadableStream gives
//   OutgoingBody sends what a source gives to the host
//
// Both ways the receiver gives credit for so many bytes and the sender stays within it, by one message at most, so what is under way
// is bounded (runtime/worker/flow.ts is the host's side). One reader to a source: there is one read at a time.
"use strict";
{
  // A Worker may put another in its place.
  const { ReadableStream } = globalThis;
  /** The reader gives the sender new credit when it has taken so many bytes. */
  const grantBytes = 64 * 1024;
  /** Of one message to the host. */
  const pieceBytes = 256 * 1024;
  /** A PipeBody asks its writer to wait when it holds so many. */
  const pipeBytes = 64 * 1024;

  const joined = (chunks) => {
    if (chunks.length === 1) return chunks[0];
    const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
    let offset = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, offset);
      offset += chunk.length;
    }
    return bytes;
  };

  /** Chunks between one who adds them and one who reads. */
  class Queue {
    #chunks = [];
    #size = 0;
    #ended = false;
    /** @type {{error: any} | null} */
    #failed = null;
    /** @type {PromiseWithResolvers<Uint8Array | null> | null} */
    #waiting = null;

    get size() {
      return this.#size;
    }

    /** No chunk will be added. */
    get isOver() {
      return this.#ended || this.#failed !== null;
    }

    add(bytes) {
      if (this.isOver) return;
      if (this.#waiting !== null) {
        this.#waiting.resolve(bytes);
        this.#waiting = null;
        return;
      }
      this.#chunks.push(bytes);
      this.#size += bytes.length;
    }

    end() {
      if (this.isOver) return;
      this.#ended = true;
      this.#waiting?.resolve(null);
      this.#waiting = null;
    }

    /** What is there is read no more. */
    fail(error) {
      if (this.#failed !== null || (this.#ended && this.#chunks.length === 0)) return;
      this.#failed = { error };
      this.#chunks = [];
      this.#size = 0;
      this.#waiting?.reject(error);
      this.#waiting = null;
    }

    read() {
      if (this.#chunks.length > 0) {
        const bytes = this.#chunks.shift();
        this.#size -= bytes.length;
        return bytes;
      }
      if (this.#failed !== null) throw this.#failed.error;
      if (this.#ended) return null;
      this.#waiting = Promise.withResolvers();
      return this.#waiting.promise;
    }

    /** Whether all that will ever be there is there. */
    isWhole() {
      return this.#ended && this.#failed === null;
    }

    /** All of it, if it is there. */
    whole() {
      if (!this.isWhole()) return undefined;
      const bytes = this.#chunks.length === 0 ? new Uint8Array(0) : joined(this.#chunks);
      this.#chunks = [];
      this.#size = 0;
      return bytes;
    }
  }

  /** What the host has sent of a body: held by who listens to it. */
  class Arrival {
    queue = new Queue();
    #grant;
    #stop;
    /** Bytes that were taken and for which no new credit was given. */
    #owed;

    /** @param grant Called with how many bytes more may come. @param stop Called when no more are wanted. @param held To be granted at the first read. */
    constructor(grant, stop, held = 0) {
      this.#grant = grant;
      this.#stop = stop;
      this.#owed = held;
    }

    push(bytes) {
      this.queue.add(bytes);
    }

    end() {
      this.queue.end();
    }

    fail(error) {
      this.queue.fail(error);
    }

    read() {
      if (this.#owed >= grantBytes && !this.queue.isOver) {
        this.#grant(this.#owed);
        this.#owed = 0;
      }
      const next = this.queue.read();
      if (next instanceof Promise) return next.then((bytes) => this.#taken(bytes));
      return this.#taken(next);
    }

    #taken(bytes) {
      if (bytes !== null) this.#owed += bytes.length;
      return bytes;
    }

    isWhole() {
      return this.queue.isWhole();
    }

    whole() {
      return this.queue.whole();
    }

    cancel() {
      if (this.queue.isOver) return;
      this.queue.end();
      this.queue.whole();
      this.#stop();
    }
  }

  /** Bodies that nobody can read any more are not waited for: what sends them is told to stop. */
  const unread = new FinalizationRegistry((arrival) => arrival.cancel());

  class IncomingBody {
    #arrival;

    constructor(arrival) {
      this.#arrival = arrival;
      unread.register(this, arrival);
    }

    read() {
      return this.#arrival.read();
    }

    isWhole() {
      return this.#arrival.isWhole();
    }

    whole() {
      return this.#arrival.whole();
    }

    cancel() {
      this.#arrival.cancel();
    }
  }

  /** What a program writes, piece by piece. */
  class PipeBody {
    #queue = new Queue();
    /** @type {PromiseWithResolvers<void> | null} */
    #room = null;
    /** @type {{reason: any} | null} */
    #cancelled = null;

    /** Returns a promise when the writer is to wait; it may be rejected. Throws the reason when nobody reads any more. */
    write(bytes) {
      if (this.#cancelled !== null) throw this.#cancelled.reason;
      if (this.#queue.isOver) throw new TypeError("write: the body has ended");
      if (bytes.length > 0) this.#queue.add(bytes);
      if (this.#queue.size < pipeBytes) return undefined;
      this.#room ??= Promise.withResolvers();
      return this.#room.promise;
    }

    end() {
      this.#queue.end();
    }

    fail(error) {
      this.#queue.fail(error);
    }

    read() {
      const bytes = this.#queue.read();
      if (this.#room !== null && this.#queue.size < pipeBytes) {
        this.#room.resolve();
        this.#room = null;
      }
      return bytes;
    }

    isWhole() {
      return this.#queue.isWhole();
    }

    whole() {
      return this.#queue.whole();
    }

    cancel(reason) {
      this.#cancelled ??= { reason };
      this.#queue.end();
      this.#queue.whole();
      this.#room?.reject(reason);
      this.#room = null;
    }
  }

  /** @param {any} chunk @returns {Uint8Array} */
  const needBytes = (chunk) => {
    if (chunk instanceof Uint8Array) return chunk;
    if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
    if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const kind =
      chunk === null ? "null" : typeof chunk === "object" ? (chunk.constructor?.name ?? "object") : typeof chunk;
    throw new TypeError(`a body's stream must give bytes (Uint8Array), not ${kind}`);
  };

  /** Reads a stream to its end, as its only reader. @param {ReadableStream} stream */
  const sourceOf = (stream) => {
    const reader = stream.getReader();
    return {
      async read() {
        const { done, value } = await reader.read();
        if (done) return null;
        try {
          return needBytes(value);
        } catch (error) {
          reader.cancel(error).catch(() => {});
          throw error;
        }
      },
      isWhole: () => false,
      whole: () => undefined,
      cancel(reason) {
        // What the stream's own cancel() fails with is nobody's who asks for no more.
        reader.cancel(reason).catch((error) => console.error("a stream's cancel() failed:", error));
      },
    };
  };

  /** A stream of the source's bytes. */
  const streamOf = (source) =>
    new ReadableStream(
      {
        type: "bytes",
        async pull(controller) {
          const bytes = await source.read();
          if (bytes === null) {
            controller.close();
            controller.byobRequest?.respond(0);
          } else {
            // Enqueuing takes the buffer away, and others may have parts of it.
            controller.enqueue(bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice());
          }
        },
        cancel: (reason) => source.cancel(reason),
      },
      { highWaterMark: 0 },
    );

  /** All bytes of a source. */
  const collect = async (source) => {
    const chunks = [];
    for (;;) {
      const next = source.read();
      const bytes = next instanceof Promise ? await next : next;
      if (bytes === null) return chunks.length === 0 ? new Uint8Array(0) : joined(chunks);
      chunks.push(bytes);
    }
  };

  /** Sends one body to the host. */
  class OutgoingBody {
    #source;
    #host;
    #credit;
    #stopped = false;
    /** @type {PromiseWithResolvers<void> | null} */
    #more = null;

    /** @param {{write(bytes: Uint8Array): void, end(): void, fail(error: any): void}} host What takes the bytes; one of the last two is called, once. */
    constructor(source, credit, host) {
      this.#source = source;
      this.#credit = credit;
      this.#host = host;
    }

    grant(bytes) {
      this.#credit += bytes;
      this.#wake();
    }

    /** The host wants no more. */
    stop(reason) {
      if (this.#stopped) return;
      this.#stopped = true;
      this.#source.cancel(reason);
      this.#wake();
    }

    #wake() {
      this.#more?.resolve();
      this.#more = null;
    }

    async run() {
      try {
        while (!this.#stopped) {
          const next = this.#source.read();
          const bytes = next instanceof Promise ? await next : next;
          if (bytes === null) break;
          for (let from = 0; from < bytes.length && !this.#stopped; from += pieceBytes) {
            while (this.#credit <= 0 && !this.#stopped) {
              this.#more = Promise.withResolvers();
              await this.#more.promise;
            }
            if (this.#stopped) break;
            const piece = bytes.length <= pieceBytes ? bytes : bytes.subarray(from, from + pieceBytes);
            this.#credit -= piece.length;
            this.#host.write(piece);
          }
        }
      } catch (error) {
        if (!this.#stopped) {
          this.#stopped = true;
          this.#source.cancel(error);
          this.#host.fail(error);
          return;
        }
      }
      this.#stopped = true;
      this.#host.end();
    }
  }

  Object.assign(__blockon, { Arrival, IncomingBody, PipeBody, OutgoingBody, sourceOf, streamOf, collect });
}
