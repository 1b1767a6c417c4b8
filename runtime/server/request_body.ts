// A request's body on its way in: read whole where it is small and its length is known, else handed on while it arrives.
import type http from "node:http";
import type { StreamedBody } from "../pool/exchange.ts";

/** A body of a known length up to this is read before the Worker is asked, which then has it in one message. */
export const wholeBytes = 64 * 1024;
/** What is read and dropped of a body that the Worker did not read, for the sake of the next request on the connection. */
const mostDropped = 1024 * 1024;

/** Bytes that the head says; undefined where it does not, as for chunks. */
export function announcedLength({ headers }: http.IncomingMessage): number | undefined {
  if (headers["transfer-encoding"] !== undefined) return undefined;
  return Number(headers["content-length"] ?? 0);
}

/** Resolves when `size` bytes have come. Throws when the client goes before. */
async function readWhole(request: http.IncomingMessage, size: number): Promise<Uint8Array<ArrayBuffer>> {
  // Memory of its own, so that it can be transferred.
  const body = new Uint8Array(size);
  let offset = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  request
    .on("data", (chunk: Buffer) => {
      body.set(chunk, offset);
      offset += chunk.length;
    })
    .once("end", resolve)
    .once("error", reject);
  await promise;
  return body;
}

export interface BodyEvents {
  /** Before a client that waits for it sends its body (Expect: 100-continue). */
  readonly demanded: (() => void) | undefined;
  readonly limit: number;
  readonly exceeded: () => void;
}

/** The body as the Worker is to get it: at once, a promise, or a stream. Its announced length is within the limit. */
export function requestBody(
  request: http.IncomingMessage,
  { demanded, limit, exceeded }: BodyEvents,
): null | Promise<Uint8Array<ArrayBuffer>> | StreamedBody {
  const length = announcedLength(request);
  if (length === 0) return null;
  if (length !== undefined && length <= wholeBytes && demanded === undefined) return readWhole(request, length);
  return { stream: request, limit, exceeded, ...(demanded !== undefined && { demanded }) };
}

/** What the Worker did not read of a request that was answered: read and dropped, or the connection ends. */
export function dropRest(request: http.IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let dropped = 0;
  request.on("data", (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > mostDropped) request.destroy();
  });
  request.resume();
}
