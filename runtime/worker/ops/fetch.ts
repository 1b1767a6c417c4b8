// fetch for a realm, by undici: the host speaks HTTP, the realm gets status, headers and bytes. Bodies go in chunks both ways, within the
// credit that the receiver gives (../flow.ts); runtime/realm/70-fetch.js says which messages there are.
import type { IncomingMessage } from "node:http";
import type { Dispatcher, Headers, RequestInit } from "undici";
import { undici } from "../../lazy_packages.ts";
import { codeOf, messageOf } from "../../user_error.ts";
import { pieceBytes, windowBytes } from "../flow.ts";
import { type LaterOperations, needNumber, needString, type Operations, type SendToRealm } from "./operations.ts";
import { connectorFor, connectorTo, type Outbound } from "./outbound.ts";
import { Upload } from "./upload.ts";
import type { SocketOperations, UpgradeAnswer } from "./websocket.ts";

const redirects: ReadonlySet<string> = new Set(["follow", "manual", "error"]);
const schemes: ReadonlySet<string> = new Set(["http:", "https:"]);
const redirectStatus: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Each field of a response; several of a name stay several. */
function headersOf({ rawHeaders }: IncomingMessage): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    pairs.push([(rawHeaders[at] as string).toLowerCase(), rawHeaders[at + 1] as string]);
  }
  return pairs;
}

/** The innermost cause says what happened on the wire: ECONNREFUSED, ENOTFOUND, UND_ERR_SOCKET ... */
function describeFailure(error: unknown): { code: string; message: string } {
  let inner: unknown = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (inner instanceof AggregateError && inner.errors.length > 0) inner = inner.errors[0];
  return { code: codeOf(inner) ?? "ERR_FETCH", message: messageOf(inner) || messageOf(error) };
}

export interface FetchSettings {
  /** Asked where no service is. */
  readonly outbound: Outbound;
  /** The servers that requests can be sent to in place of those that they name. */
  readonly services: { readonly [name: string]: string };
  /** The service of requests for which the realm names none. */
  readonly standard: string | undefined;
  /** Has the WebSockets that are asked for. */
  readonly sockets: SocketOperations;
}

interface Upgrade {
  readonly url: URL;
  readonly redirect: string;
  readonly service: string | undefined;
  readonly headers: Headers;
}

interface Exchange {
  readonly controller: AbortController;
  /** Of a request's body that comes in chunks. */
  readonly upload: Upload | undefined;
  /** Bytes of the response's body that may be sent to the realm. */
  credit: number;
  /** Resolved when there is credit again. */
  granted: PromiseWithResolvers<void> | undefined;
}

/**
 * One pool of connections to a service, whatever is asked for. Each request, a redirected one too, tells the service which host was asked
 * for, in Host, and by what, in X-Forwarded-Proto.
 */
function serviceDispatcher(url: string): Dispatcher {
  const server = new URL(url);
  const { origin, hostname } = server;
  const pool = new (undici().Pool)(origin, { connect: connectorTo(server) });
  return pool.compose((dispatch) => (options, handler) => {
    const asked = new URL(String(options.origin));
    const headers = { ...(options.headers as Record<string, string>) };
    headers.host = asked.host;
    headers["x-forwarded-proto"] = asked.protocol.slice(0, -1);
    // Were the server's name that of the host, each other host would get a connection of its own.
    return dispatch({ ...options, origin, headers, servername: hostname } as Dispatcher.DispatchOptions, handler);
  });
}

/** The pools of connections are this realm's alone. */
export function fetchOperations(
  send: SendToRealm,
  { outbound, services, standard, sockets }: FetchSettings,
): LaterOperations {
  const urls = new Map(Object.entries(services));
  /** By the names of services; that of the others has none. They are made when they are needed. */
  const dispatchers = new Map<string | undefined, Dispatcher>();
  const dispatcherOf = (service: string | undefined): Dispatcher => {
    let dispatcher = dispatchers.get(service);
    if (dispatcher === undefined) {
      const url = service === undefined ? undefined : urls.get(service);
      if (service !== undefined && url === undefined) throw new Error(`there is no service ${service}`);
      dispatcher =
        url === undefined ? new (undici().Agent)({ connect: connectorFor(outbound) }) : serviceDispatcher(url);
      dispatchers.set(service, dispatcher);
    }
    return dispatcher;
  };
  const exchanges = new Map<number, Exchange>();

  /** Sends a response's body in chunks, and waits where there is no credit. */
  async function download(id: number, exchange: Exchange, body: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of body) {
      for (let from = 0; from < chunk.length; from += pieceBytes) {
        while (exchange.credit <= 0) {
          if (exchange.controller.signal.aborted) return;
          exchange.granted = Promise.withResolvers();
          await exchange.granted.promise;
        }
        const piece = chunk.subarray(from, from + pieceBytes);
        exchange.credit -= piece.length;
        send("fetch.chunk", id, piece);
      }
    }
    send("fetch.end", id);
  }

  async function run(id: number, exchange: Exchange, url: string, init: RequestInit): Promise<void> {
    try {
      const response = await undici().fetch(url, init);
      const { body } = response;
      const headers = JSON.stringify([...response.headers]);
      const { status, statusText, redirected } = response;
      send("fetch.head", id, status, statusText, response.url, redirected, headers, body !== null);
      if (body !== null) await download(id, exchange, body);
    } catch (error) {
      if (init.signal?.aborted) return;
      const { code, message } = describeFailure(error);
      send("fetch.error", id, code, message);
    } finally {
      exchanges.delete(id);
    }
  }

  /** Asks for a WebSocket. Its number is the realm's, and its messages follow the response's head. */
  async function runUpgrade(id: number, exchange: Exchange, socket: number, asked: Upgrade): Promise<void> {
    const { url, redirect, service, headers } = asked;
    const { signal } = exchange.controller;
    try {
      const server = service === undefined ? undefined : new URL(services[service] as string);
      if (server !== undefined) headers.set("x-forwarded-proto", url.protocol.slice(0, -1));
      const headOf = ({ response, url: reached }: UpgradeAnswer) => {
        const { statusCode = 0, statusMessage = "" } = response;
        const { href } = new URL(reached.replace(/^ws/, "http"));
        return [id, statusCode, statusMessage, href, href !== url.href, JSON.stringify(headersOf(response))] as const;
      };
      const refused = await sockets.upgrade(
        socket,
        {
          url,
          headers: Object.fromEntries(headers),
          connect: server && connectorTo(server),
          follows: redirect === "follow",
          signal,
        },
        (answer, protocol) => send("fetch.socket", ...headOf(answer), protocol, windowBytes),
      );
      if (refused === undefined) return;
      if (redirect === "error" && redirectStatus.has(refused.response.statusCode ?? 0)) {
        refused.response.destroy();
        throw new TypeError("unexpected redirect");
      }
      send("fetch.head", ...headOf(refused), true);
      await download(id, exchange, refused.response);
    } catch (error) {
      if (signal.aborted) return;
      const { code, message } = describeFailure(error);
      send("fetch.error", id, code, message);
    } finally {
      exchanges.delete(id);
    }
  }

  const operations: Operations = {
    "fetch.start": (idValue, method, urlValue, headersValue, body, redirect, serviceValue, streams, socket) => {
      const id = needNumber(idValue);
      if (exchanges.has(id)) throw new Error("there is a fetch of this number");
      const url = new URL(needString(urlValue));
      if (!schemes.has(url.protocol)) {
        const advice = /^wss?:$/.test(url.protocol) ? ": a WebSocket is asked for by http: or https:" : "";
        throw new TypeError(`fetch: the scheme ${url.protocol} is not supported${advice}`);
      }
      if (!redirects.has(needString(redirect))) throw new TypeError("fetch: unknown redirect mode");
      const service = serviceValue === null ? standard : needString(serviceValue);
      const dispatcher = dispatcherOf(service);
      const headers = new (undici().Headers)(JSON.parse(needString(headersValue)) as [string, string][]);
      if (service !== undefined) headers.delete("x-forwarded-proto");
      // A Worker that passes a request's headers on may send another body: its length is that body's.
      headers.delete("content-length");
      const controller = new AbortController();
      if (socket !== null) {
        const exchange: Exchange = { controller, upload: undefined, credit: windowBytes, granted: undefined };
        exchanges.set(id, exchange);
        void runUpgrade(id, exchange, needNumber(socket), { url, redirect: String(redirect), service, headers });
        return windowBytes;
      }
      const upload = streams === true ? new Upload(id, send) : undefined;
      const exchange: Exchange = { controller, upload, credit: windowBytes, granted: undefined };
      exchanges.set(id, exchange);
      void run(id, exchange, url.href, {
        method: needString(method),
        headers,
        body: upload?.stream ?? (body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : null),
        redirect: redirect as "follow" | "manual" | "error",
        signal: controller.signal,
        dispatcher,
        ...(upload !== undefined && { duplex: "half" }),
      });
      return windowBytes;
    },
    "fetch.write": (idValue, value) => {
      if (!(value instanceof Uint8Array)) throw new TypeError("expected bytes");
      exchanges.get(needNumber(idValue))?.upload?.write(value);
    },
    "fetch.close": (idValue) => {
      exchanges.get(needNumber(idValue))?.upload?.close();
    },
    "fetch.grant": (idValue, value) => {
      const bytes = needNumber(value);
      const exchange = exchanges.get(needNumber(idValue));
      if (exchange === undefined) return;
      exchange.credit += bytes;
      exchange.granted?.resolve();
    },
    "fetch.abort": (idValue) => {
      const exchange = exchanges.get(needNumber(idValue));
      exchange?.controller.abort();
      exchange?.granted?.resolve();
    },
  };
  const end = (): void => {
    for (const { controller, granted } of exchanges.values()) {
      controller.abort();
      granted?.resolve();
    }
  };
  return { operations, underWay: () => exchanges.size, end };
}
