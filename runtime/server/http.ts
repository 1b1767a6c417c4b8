// HTTP in: a server in front of one Worker.
//
// A request's body is read whole, with a limit. What fails behind it is logged with an id, and the client is told the id alone:
// a traceback names files and values that are none of its business.
import { randomUUID } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Log } from "../log.ts";
import { GuestError, type WorkerHost } from "../pool/worker_host.ts";
import { codeOf, messageOf, UserError } from "../user_error.ts";
import type { Pairs } from "../worker/protocol.ts";
import { bounded, mostCharacters } from "../worker/text.ts";

export interface ServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Bytes of a request's body at most. */
  readonly bodyLimit?: number;
}

export interface HttpServer {
  readonly url: string;
  /** Answers what was accepted, up to a time, then closes. */
  close(): Promise<void>;
}

const defaultBodyLimit = 100 * 1024 * 1024;
const drainMs = 5000;
/** Connection headers are the business of each hop; the length is that of what is sent here. */
const hopHeaders: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

class BodyTooLarge extends Error {}

async function readBody(request: http.IncomingMessage, limit: number): Promise<Uint8Array | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  if (size === 0) return null;
  // A copy that owns its memory, so that it can be transferred.
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.length;
  }
  return body;
}

function headerPairs(raw: readonly string[]): Pairs {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    if (!hopHeaders.has(name)) pairs.push([name, raw[i + 1] as string]);
  }
  return pairs;
}

function requestUrl(request: http.IncomingMessage, fallbackHost: string): string | null {
  const target = request.url ?? "/";
  const text = target.startsWith("/") ? `http://${request.headers.host || fallbackHost}${target}` : target;
  return URL.parse(text)?.href ?? null;
}

function sendText(response: http.ServerResponse, status: number, text: string): void {
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

async function answer(
  worker: WorkerHost,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  options: { fallbackHost: string; bodyLimit: number },
): Promise<void> {
  const url = requestUrl(request, options.fallbackHost);
  if (url === null) {
    sendText(response, 400, "Bad Request: the target or the Host header is not valid");
    return;
  }
  const body = await readBody(request, options.bodyLimit);
  const headers = headerPairs(request.rawHeaders);
  const result = await worker.fetch({ method: request.method ?? "GET", url, headers, body });
  if (response.destroyed) return;
  response.statusCode = result.status;
  if (result.statusText !== "") response.statusMessage = result.statusText;
  for (const [name, value] of result.headers) {
    if (!hopHeaders.has(name)) response.appendHeader(name, value);
  }
  const noBody = request.method === "HEAD" || [204, 205, 304].includes(result.status);
  if (request.method === "HEAD" || !noBody) response.setHeader("content-length", result.body.byteLength);
  response.end(noBody ? undefined : result.body);
}

/** Throws UserError when the address cannot be listened on. */
export async function startServer(worker: WorkerHost, log: Log, options: ServerOptions): Promise<HttpServer> {
  const fallbackHost = `${options.host}:${options.port}`;
  const bodyLimit = options.bodyLimit ?? defaultBodyLimit;
  const server = http.createServer((request, response) => {
    answer(worker, request, response, { fallbackHost, bodyLimit }).catch((error: unknown) => {
      if (error instanceof BodyTooLarge) {
        response.setHeader("connection", "close");
        sendText(response, 413, `Content Too Large: at most ${bodyLimit} bytes`);
        return;
      }
      if (codeOf(error) === "ECONNRESET") return;
      const id = randomUUID();
      const what = error instanceof GuestError ? "the handler failed" : "the request failed";
      log.error(
        { id, method: request.method, path: request.url },
        `${what} (${id}): ${bounded(messageOf(error), mostCharacters)}`,
      );
      sendText(response, 500, `Internal Server Error\nid: ${id}`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(error, options)));
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address() as AddressInfo;
  const hostText = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${hostText}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), drainMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function listenError(error: Error, options: ServerOptions): UserError {
  const where = `port ${options.port} on ${options.host}`;
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return new UserError(
        `${where} is in use. Stop the other server, or give another port: --port 0 takes a free one.`,
      );
    case "EACCES":
      return new UserError(`${where} may not be used by this user. Give a port above 1023 with --port.`);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new UserError(`${options.host} is no address of this machine. Give one with --host, such as 127.0.0.1.`);
    default:
      return new UserError(`cannot listen on ${where}: ${error.message}`, { cause: error });
  }
}
