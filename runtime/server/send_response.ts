// A Worker's response on its way out: in one piece, or while it comes, as fast as the client takes it.
import http from "node:http";
import type { Readable } from "node:stream";
import type { GuestResponse } from "../pool/exchange.ts";

/** Connection headers are the business of each hop; the length is that of what is sent here. */
export const hopHeaders: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Bytes of a body up to which it is copied behind the head. */
export const mostCopied = 8 * 1024;

/** A response of the server's own. What has begun cannot be taken back: the connection ends. */
export function sendText(response: http.ServerResponse, status: number, text: string): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = Buffer.from(`${text}\n`);
  // Not what a Worker's answer had, which may be why it could not be sent.
  response.statusMessage = http.STATUS_CODES[status] ?? "";
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "content-length": body.byteLength });
  response.end(body);
}

/** The length that a Worker gives for a body that is not sent from here, or not yet. */
function givenLength(result: GuestResponse): number | undefined {
  const text = result.headers.find(([name]) => name === "content-length")?.[1];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Resolves when the body was sent; rejected by what it failed with. A client that goes ends the body, and is no error. */
function pump(body: Readable, response: http.ServerResponse, length: number | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let sent = 0;
  body.on("data", (chunk: Uint8Array) => {
    sent += chunk.length;
    if (length !== undefined && sent > length) {
      body.destroy(new Error(`the response's body is longer than its Content-Length, which is ${length}`));
    } else if (!response.write(chunk)) {
      body.pause();
    }
  });
  response.on("drain", () => body.resume());
  body.once("end", () => {
    if (length === undefined || sent === length) response.end();
    else reject(new Error(`the response's body ended after ${sent} bytes; its Content-Length is ${length}`));
  });
  body.once("error", reject);
  response.once("close", () => {
    body.destroy();
    resolve();
  });
  return promise;
}

function writeHead(
  response: http.ServerResponse,
  { status, statusText, headers }: GuestResponse,
  length: number | undefined,
): void {
  const lines: string[] = [];
  for (const [name, value] of headers) {
    if (!hopHeaders.has(name)) lines.push(name, value);
  }
  if (length !== undefined) lines.push("content-length", String(length));
  const reason = statusText === "" ? (http.STATUS_CODES[status] ?? "unknown") : statusText;
  response.writeHead(status, reason, lines);
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Sends it, to the end of its body. `method` is the request's. */
export async function sendResponse(
  response: http.ServerResponse,
  result: GuestResponse,
  method: string,
): Promise<void> {
  const { status, body } = result;
  const isHead = method === "HEAD";
  const hasBody = !isHead && ![204, 205, 304].includes(status);
  if (body instanceof Uint8Array) {
    // A handler may leave the body of a HEAD away and say how long it would be.
    const length = isHead && body.byteLength === 0 ? givenLength(result) : body.byteLength;
    writeHead(response, result, isHead || hasBody ? (length ?? 0) : undefined);
    if (!hasBody) response.end();
    // A string goes into one piece with the head, and a byte is a character of latin1.
    else if (body.byteLength <= mostCopied) response.end(asBuffer(body).toString("latin1"), "latin1");
    else response.end(body);
    return;
  }
  const length = givenLength(result);
  writeHead(response, result, isHead || hasBody ? length : undefined);
  if (!hasBody) {
    body.destroy();
    response.end();
    return;
  }
  response.flushHeaders();
  await pump(body, response, length);
}
