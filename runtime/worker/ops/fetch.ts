// fetch for a realm, by undici: the host speaks HTTP, the realm gets status, headers and bytes.
import { Agent, type Dispatcher, fetch, Headers, Pool, type RequestInit } from "undici";
import { codeOf, messageOf } from "../../user_error.ts";
import { type LaterOperations, needNumber, needString, type Operations, type SendToRealm } from "./operations.ts";
import { connectorFor, connectorTo, type Outbound } from "./outbound.ts";

const redirects: ReadonlySet<string> = new Set(["follow", "manual", "error"]);
const schemes: ReadonlySet<string> = new Set(["http:", "https:"]);

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
}

/**
 * One pool of connections to a service, whatever is asked for. Each request, a redirected one too, tells the service which host was asked
 * for, in Host, and by what, in X-Forwarded-Proto.
 */
function serviceDispatcher(url: string): Dispatcher {
  const server = new URL(url);
  const { origin, hostname } = server;
  const pool = new Pool(origin, { connect: connectorTo(server) });
  return pool.compose((dispatch) => (options, handler) => {
    const asked = new URL(String(options.origin));
    const headers = { ...(options.headers as Record<string, string>) };
    headers["host"] = asked.host;
    headers["x-forwarded-proto"] = asked.protocol.slice(0, -1);
    // Were the server's name that of the host, each other host would get a connection of its own.
    return dispatch({ ...options, origin, headers, servername: hostname } as Dispatcher.DispatchOptions, handler);
  });
}

/** The pools of connections are this realm's alone. */
export function fetchOperations(send: SendToRealm, { outbound, services, standard }: FetchSettings): LaterOperations {
  const agent = new Agent({ connect: connectorFor(outbound) });
  const dispatchers = new Map(Object.entries(services).map(([name, url]) => [name, serviceDispatcher(url)]));
  const controllers = new Map<number, AbortController>();

  async function run(id: number, url: string, init: RequestInit): Promise<void> {
    try {
      const response = await fetch(url, init);
      const hasBody = response.body !== null;
      const headers = JSON.stringify([...response.headers]);
      send("fetch.head", id, response.status, response.statusText, response.url, response.redirected, headers, hasBody);
      if (hasBody) send("fetch.body", id, new Uint8Array(await response.arrayBuffer()));
    } catch (error) {
      if (init.signal?.aborted) return;
      const { code, message } = describeFailure(error);
      send("fetch.error", id, code, message);
    } finally {
      controllers.delete(id);
    }
  }

  const operations: Operations = {
    "fetch.start": (idValue, method, urlValue, headersValue, body, redirect, serviceValue) => {
      const id = needNumber(idValue);
      const url = new URL(needString(urlValue));
      if (!schemes.has(url.protocol)) throw new TypeError(`fetch: the scheme ${url.protocol} is not supported`);
      if (!redirects.has(needString(redirect))) throw new TypeError("fetch: unknown redirect mode");
      const service = serviceValue === null ? standard : needString(serviceValue);
      const dispatcher = service === undefined ? agent : dispatchers.get(service);
      if (dispatcher === undefined) throw new Error(`there is no service ${service}`);
      const headers = new Headers(JSON.parse(needString(headersValue)) as [string, string][]);
      if (service !== undefined) headers.delete("x-forwarded-proto");
      const controller = new AbortController();
      controllers.set(id, controller);
      void run(id, url.href, {
        method: needString(method),
        headers,
        body: body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : null,
        redirect: redirect as "follow" | "manual" | "error",
        signal: controller.signal,
        dispatcher,
      });
    },
    "fetch.abort": (idValue) => {
      controllers.get(needNumber(idValue))?.abort();
    },
  };
  return { operations, underWay: () => controllers.size };
}
