// HTTP in: a server in front of Workers.
//
// Bodies stream both ways, a request's with a limit. What fails behind it is logged with an id, and the client is told the id alone: a
// traceback names files and values that are none of its business. What fails when the head was sent ends the connection, so that the
// client can tell.
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { getSystemErrorName } from "node:util";
import { loadAddon } from "../addon.ts";
import type { Log } from "../log.ts";
import {
  type Exchange,
  GuestError,
  type GuestRequest,
  type GuestResponse,
  type GuestSocket,
} from "../pool/exchange.ts";
import { codeOf, UserError } from "../user_error.ts";
import { answerClientErrors } from "./client_errors.ts";
import { defaultLimits, type Limits, retryAfterSeconds } from "./limits.ts";
import { clientHeader, clientText, peerOf, toldPairs } from "./peer.ts";
import { PlainFront } from "./plain_front.ts";
import type { Forwarded, Proxies } from "./proxies.ts";
import { announcedLength, dropRest, requestBody } from "./request_body.ts";
import { type Entry, Requests } from "./requests.ts";
import { hopHeaders, sendResponse, sendText } from "./send_response.ts";
import { responseOn, ServedSockets, type Upgrade, unasked, wantsWebSocket } from "./upgrade.ts";

/** A request that was begun: what comes of it, and the way to give it up. */
export type Opened = Pick<Exchange, "response" | "isCancelled" | "cancel" | "expire">;

/** What answers requests. */
export interface Answering {
  /** @param url parses that of the request */
  open(request: GuestRequest, url: () => URL): Opened;
}

export interface ServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly limits?: Partial<Limits>;
  /** Those that are believed. */
  readonly proxies?: Proxies | undefined;
  /** Whether the log has a line for each request. */
  readonly accessLog?: boolean;
  /** A response was sent, or, without a status, its client has gone before. */
  readonly onAnswered?: (status: number | undefined) => void;
}

export interface HttpServer {
  readonly url: string;
  /** Answers what was accepted, up to a time, then closes. */
  close(): Promise<void>;
}

const drainMs = 5000;
/** In which a request is to have come whole. */
const bodyMs = 300_000;
/** How far apart Node looks for those whose time is up, at most. */
const mostLookMs = 10_000;

/** The end-to-end headers and the length, Upgrade where the Worker may accept it, and none that says who the client is. */
function headerPairs(raw: readonly string[], isUpgrade: boolean): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    if (name === clientHeader) continue;
    const isKept = name === "content-length" || (isUpgrade && name === "upgrade");
    if (isKept || !hopHeaders.has(name)) pairs.push([name, raw[i + 1] as string]);
  }
  return pairs;
}

/** What ends a host's name in a URL: a Host with it would say which path is asked for. */
const beyondHost = /[/?#@\\]/;

/** Null where it is not clear which host is asked for. */
function requestUrl(request: http.IncomingMessage, fallbackHost: string, forwarded: Forwarded | undefined): URL | null {
  const target = request.url ?? "/";
  const host = forwarded?.host ?? (request.headers.host || fallbackHost);
  const hosts = request.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length > 1 || beyondHost.test(host)) return null;
  const text = target.startsWith("/") ? `${forwarded?.scheme ?? "http"}://${host}${target}` : target;
  return URL.parse(text);
}

/** One request: what it asks, and how its answer goes. */
class Request {
  readonly #request: http.IncomingMessage;
  readonly #response: http.ServerResponse;
  /** The client waits for 100 Continue before it sends the body. */
  #waits: boolean;
  /** Of a request for a WebSocket. */
  readonly #upgrade: Upgrade | undefined;
  #exchange: Opened | undefined;

  constructor(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    { waits = false, upgrade }: { waits?: boolean; upgrade?: Upgrade },
  ) {
    this.#request = request;
    this.#response = response;
    this.#waits = waits;
    this.#upgrade = upgrade;
  }

  /** Resolves when the answer was sent, or the client has gone. */
  async answer(
    worker: Answering,
    sockets: ServedSockets,
    options: { fallbackHost: string; limits: Limits; proxies: Proxies | undefined; entry: Entry },
  ): Promise<void> {
    const request = this.#request;
    const response = this.#response;
    const { method = "GET" } = request;
    const peer = peerOf(request.socket);
    const pairs = headerPairs(request.rawHeaders, this.#upgrade !== undefined);
    const { proxies } = options;
    const forwarded = proxies?.trusts(peer.address) === true ? proxies.read(peer, pairs) : undefined;
    const client = forwarded?.client ?? peer;
    options.entry.client = client.address;
    const url = requestUrl(request, options.fallbackHost, forwarded);
    if (url === null) {
      this.refuse(400, "Bad Request: the target or the Host header is not valid");
      return;
    }
    const { bodyBytes: limit, seconds } = options.limits;
    const exceeded = () => this.refuse(413, `Content Too Large: at most ${limit} bytes`);
    if ((announcedLength(request) ?? 0) > limit) {
      exceeded();
      return;
    }
    const demanded = this.#waits ? () => this.#continue() : undefined;
    const coming = requestBody(request, { demanded, limit, exceeded });
    const body = coming instanceof Promise ? await coming : coming;
    if (response.destroyed) return;
    const exchange = worker.open(
      {
        method,
        url: url.href,
        headers: toldPairs(pairs, client, forwarded?.host),
        body,
        client: clientText(client),
      },
      () => url,
    );
    this.#exchange = exchange;
    if (this.#upgrade !== undefined) response.once("close", () => this.closed());
    const result = await this.#inTime(exchange, seconds);
    if (result.webSocket !== undefined) {
      if (response.destroyed) result.webSocket.socketClosed(1006, "", false);
      else this.#accept(sockets, result, result.webSocket);
      return;
    }
    if (response.destroyed || response.headersSent) {
      if (!(result.body instanceof Uint8Array)) result.body.destroy();
      return;
    }
    // The client may send the body or not: what comes next on the connection cannot be told.
    if (this.#waits) response.setHeader("connection", "close");
    if (!request.complete && !request.destroyed) response.once("finish", () => dropRest(request));
    await sendResponse(response, result, method);
  }

  /** The response's connection is closed, or it has been sent. */
  closed(): void {
    if (!this.#response.writableFinished) this.#exchange?.cancel("the client disconnected");
  }

  /** Whether what its handler fails with is due to the client's having gone, or having sent too much. */
  get isGivenUp(): boolean {
    return this.#exchange?.isCancelled === true;
  }

  /** No room, or no time, for it now. */
  refuseForNow(text: string): void {
    if (!this.#response.headersSent) this.#response.setHeader("retry-after", retryAfterSeconds);
    this.refuse(503, `Service Unavailable: ${text}`);
  }

  async #inTime(exchange: Opened, seconds: number): Promise<GuestResponse> {
    if (seconds === 0) return exchange.response;
    const timer = setTimeout(() => {
      exchange.expire(`the request's time is up, after ${seconds} s`);
      // What the handler does from now on ends the connection.
      if (!this.#response.headersSent) this.#response.setHeader("connection", "close");
      this.refuseForNow(`no answer within ${seconds} s`);
    }, seconds * 1000);
    try {
      return await exchange.response;
    } finally {
      clearTimeout(timer);
    }
  }

  #accept(sockets: ServedSockets, result: GuestResponse, guest: GuestSocket): void {
    try {
      const upgrade = this.#upgrade;
      if (upgrade === undefined) throw new GuestError(unasked);
      sockets.accept(this.#response, upgrade, result, guest);
    } catch (error) {
      guest.socketClosed(1006, "", false);
      throw error;
    }
  }

  #continue(): void {
    this.#waits = false;
    this.#response.writeContinue();
  }

  /** An answer without the Worker's, to a request whose rest is not read. */
  refuse(status: number, text: string): void {
    if (this.#waits && !this.#response.headersSent) this.#response.setHeader("connection", "close");
    this.#response.once("finish", () => dropRest(this.#request));
    sendText(this.#response, status, text);
  }
}

/** Throws UserError when the address cannot be listened on. */
export async function startServer(worker: Answering, log: Log, options: ServerOptions): Promise<HttpServer> {
  const fallbackHost = `${options.host}:${options.port}`;
  const limits = { ...defaultLimits, ...options.limits };
  const { accessLog = false, onAnswered, proxies } = options;
  const requests = new Requests(log, { most: limits.requests, accessLog, onAnswered });
  const sockets = new ServedSockets();
  const handle = (
    incoming: http.IncomingMessage,
    response: http.ServerResponse,
    kind: { waits?: boolean; upgrade?: Upgrade },
  ): void => {
    const request = new Request(incoming, response, kind);
    const { hasRoom } = requests;
    const entry = requests.begin(incoming);
    (kind.upgrade?.socket ?? response).once("close", () => {
      if (kind.upgrade === undefined) request.closed();
      // Of a WebSocket the response is not this object's.
      const isSent = response.writableFinished || kind.upgrade !== undefined;
      requests.end(entry, isSent ? response.statusCode : undefined);
    });
    if (!hasRoom) {
      request.refuseForNow(`${limits.requests} requests are under way`);
      return;
    }
    request
      .answer(worker, sockets, { fallbackHost, limits, proxies, entry })
      .catch((error: unknown) => requests.fail(entry, error, request.isGivenUp, response));
  };
  const settings = {
    shouldUpgradeCallback: wantsWebSocket,
    maxHeaderSize: limits.headBytes,
    headersTimeout: limits.headSeconds * 1000,
    requestTimeout: Math.max(limits.headSeconds * 1000, bodyMs),
    connectionsCheckingInterval: Math.min(mostLookMs, limits.headSeconds * 500),
    // A request without a body is no stream that has to be read to its end.
    optimizeEmptyRequests: true,
  };
  const server = http.createServer(settings, (request, response) => handle(request, response, {}));
  // As many as the head's size allows: those beyond a number would be dropped, and with them a body's length.
  server.maxHeadersCount = 0;
  answerClientErrors(server, limits);
  const plain = new PlainFront(server, { worker, requests, limits, proxies });
  server.on("checkContinue", (request: http.IncomingMessage, response: http.ServerResponse) =>
    handle(request, response, { waits: true }),
  );
  server.on("upgrade", (request: http.IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    handle(request, responseOn(request, socket), { upgrade: { socket, head } });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(error, options)));
    listen(server, options, resolve);
  });
  const address = server.address() as AddressInfo;
  const hostText = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${hostText}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          server.closeAllConnections();
          plain.destroy();
          sockets.terminate();
        }, drainMs);
        sockets.close();
        plain.close();
        server.close(() => {
          clearTimeout(timer);
          plain.destroy();
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function listen(server: http.Server, { port, host }: ServerOptions, listening: () => void): void {
  const fd = loadAddon().bindTcp(host, port);
  if (fd === undefined) {
    server.listen(port, host, listening);
  } else if (fd >= 0) {
    server.listen({ fd }, listening);
  } else {
    const code = getSystemErrorName(fd);
    server.emit("error", Object.assign(new Error(`listen ${code}: ${host}:${port}`), { code }));
  }
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
