// fetch for a realm, by undici: the host speaks HTTP, the realm gets status, headers and bytes.
import { Agent, fetch, Headers, type RequestInit } from "undici";
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

export function fetchOperations(send: SendToRealm, { outbound, services, standard }: FetchSettings): LaterOperations {
  const agent = new Agent({ connect: connectorFor(outbound) });
  const agents = new Map(
    Object.entries(services).map(([name, url]) => [name, new Agent({ connect: connectorTo(new URL(url)) })]),
  );
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
      const dispatcher = service === undefined ? agent : agents.get(service);
      if (dispatcher === undefined) throw new Error(`there is no service ${service}`);
      const headers = new Headers(JSON.parse(needString(headersValue)) as [string, string][]);
      // A service sees which host was asked for, in Host, but not by what.
      if (service !== undefined) headers.set("x-forwarded-proto", url.protocol.slice(0, -1));
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
