// What a message of a queue may be: Cloudflare's limits, so that what is sent here can be sent there.

export const mostMessageBytes = 128 * 1024;
/** Of one sendBatch(). */
export const mostMessages = 100;
export const mostBatchBytes = 256 * 1024;
export const mostDelaySeconds = 43_200;
/** How long a message that nobody takes is kept. */
export const keptMs = 4 * 24 * 3600 * 1000;

export const contentTypes = ["text", "bytes", "json", "v8"] as const;
export type ContentType = (typeof contentTypes)[number];

function isContentType(value: unknown): value is ContentType {
  return (contentTypes as readonly unknown[]).includes(value);
}

export interface Outgoing {
  readonly contentType: ContentType;
  readonly body: Uint8Array;
  readonly delaySeconds: number;
}

/** One that a realm has described. */
export interface Described {
  readonly contentType: unknown;
  readonly size: unknown;
  readonly delaySeconds: unknown;
}

function checkDelay(value: unknown): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > mostDelaySeconds) {
    throw new RangeError(`Queue: delaySeconds is ${String(value)}; expected an integer from 0 to ${mostDelaySeconds}`);
  }
  return value;
}

/**
 * @param described Each with the size of its body, which stand behind one another in `bytes`.
 * @param delaySeconds The binding's, for those that name none.
 */
export function checkMessages(described: readonly Described[], bytes: Uint8Array, delaySeconds: number): Outgoing[] {
  if (described.length < 1 || described.length > mostMessages) {
    throw new RangeError(`Queue: ${described.length} messages were sent at once; expected 1 to ${mostMessages}`);
  }
  if (bytes.byteLength > mostBatchBytes) {
    throw new RangeError(
      `Queue: messages that are sent at once have at most ${mostBatchBytes} bytes, and these ${bytes.byteLength}`,
    );
  }
  let at = 0;
  return described.map(({ contentType, size, delaySeconds: own }) => {
    if (!isContentType(contentType)) {
      throw new TypeError(
        `Queue: contentType is ${String(contentType)}; expected one of ${contentTypes.map((each) => `"${each}"`).join(", ")}`,
      );
    }
    if (typeof size !== "number" || !Number.isInteger(size) || size < 0 || at + size > bytes.byteLength) {
      throw new TypeError("Queue: a body is missing");
    }
    if (size > mostMessageBytes) {
      throw new RangeError(`Queue: a message has at most ${mostMessageBytes} bytes, and this one ${size}`);
    }
    const body = bytes.subarray(at, at + size);
    at += size;
    return { contentType, body, delaySeconds: own === null ? delaySeconds : checkDelay(own) };
  });
}
