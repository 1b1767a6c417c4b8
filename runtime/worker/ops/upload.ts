// A request's body that a realm sends in chunks: the stream that undici reads, which gives the realm new credit as it does.
import type { ReadableStream } from "node:stream/web";
import { pieceBytes, windowBytes } from "../flow.ts";
import type { SendToRealm } from "./operations.ts";

export class Upload {
  readonly stream: ReadableStream;
  readonly #chunks: Uint8Array[] = [];
  #credit = windowBytes;
  #closed = false;
  /** Resolved when there is something to read. */
  #more: PromiseWithResolvers<void> | undefined;

  constructor(id: number, send: SendToRealm) {
    const { ReadableStream: Stream } = process.getBuiltinModule("node:stream/web");
    this.stream = new Stream(
      {
        pull: async (controller) => {
          while (this.#chunks.length === 0 && !this.#closed) {
            this.#more = Promise.withResolvers();
            await this.#more.promise;
          }
          const chunk = this.#chunks.shift();
          if (chunk === undefined) {
            controller.close();
            return;
          }
          controller.enqueue(chunk);
          if (this.#closed) return;
          this.#credit += chunk.length;
          send("fetch.credit", id, chunk.length);
        },
        cancel: () => {
          this.close();
          this.#chunks.length = 0;
          send("fetch.stop", id);
        },
      },
      { highWaterMark: 0 },
    );
  }

  write(bytes: Uint8Array): void {
    // It was cancelled, and the realm has not been told yet.
    if (this.#closed) return;
    if (this.#credit <= 0) throw new Error("there is no credit for a chunk");
    if (bytes.length === 0 || bytes.length > pieceBytes) throw new RangeError(`a chunk of ${bytes.length} bytes`);
    this.#credit -= bytes.length;
    this.#chunks.push(bytes);
    this.#more?.resolve();
  }

  close(): void {
    this.#closed = true;
    this.#more?.resolve();
  }
}
