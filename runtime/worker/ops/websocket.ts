// WebSockets that a realm opens, by the package ws over connections that ask the outbound policy (outbound.ts): those of `new WebSocket`, and
// those that a fetch asks for by the header Upgrade. The messages are those of runtime/realm/66-websocket.js.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { buildConnector } from "undici";
import type { ClientOptions, WebSocket } from "ws";
import type { BridgeValue } from "../../addon.ts";
import { ws } from "../../lazy_packages.ts";
import { messageOf } from "../../user_error.ts";
import { windowBytes } from "../flow.ts";
import { messageBytes, SocketFlow, sizeOf } from "../socket_flow.ts";
import { bounded } from "../text.ts";
import { type LaterOperations, needNumber, needString, type Operations, type SendToRealm } from "./operations.ts";
import { connectorFor, type Outbound } from "./outbound.ts";

const handshakeMs = 30_000;
/** How many a realm may have at a time. */
const mostSockets = 10_000;
const mostErrorCharacters = 1000;

const mostRedirects = 20;

interface Client {
  readonly socket: WebSocket;
  flow: SocketFlow | undefined;
  /** Of what may be sent. */
  credit: number;
}

/** A fetch that asks for a WebSocket. */
export interface UpgradeRequest {
  /** http: or https: */
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: { readonly [name: string]: string };
  /** What opens its connections: as the outbound policy has it if not given. */
  readonly connect: buildConnector.connector | undefined;
  readonly follows: boolean;
  readonly signal: AbortSignal;
}

export interface UpgradeAnswer {
  readonly response: IncomingMessage;
  readonly url: string;
}

export interface SocketOperations extends LaterOperations {
  /**
   * @param id The realm's number for a WebSocket that is to be.
   * @param opened Is called when it is open, and before its messages come.
   * @returns Another response; undefined when it is open. Rejects when there is no answer.
   */
  upgrade(
    id: number,
    request: UpgradeRequest,
    opened: (answer: UpgradeAnswer, protocol: string) => void,
  ): Promise<UpgradeAnswer | undefined>;
}

/** Those that a handshake has of its own, and what is about a body that there is none of. */
const ownHeaders = new Set([
  ...["connection", "upgrade", "keep-alive", "transfer-encoding", "content-length", "expect", "accept-encoding"],
  ...["sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-accept"],
]);

/** What ws opens its connection by: TCP, or TLS for wss:. */
function connectionsBy(connect: buildConnector.connector): ClientOptions["createConnection"] {
  type Options = { readonly host: string; readonly port: number | string; readonly defaultPort: number };
  const create = (
    { host, port, defaultPort }: Options,
    told: (error: Error | null, socket: Duplex | null) => void,
  ): undefined => {
    const name = host.includes(":") ? `[${host}]` : host;
    const protocol = defaultPort === 443 ? "https:" : "http:";
    connect({ hostname: host, host: `${name}:${port}`, port: String(port), protocol }, (error, socket) =>
      told(error, socket),
    );
  };
  return create as never;
}

const settings = { handshakeTimeout: handshakeMs, perMessageDeflate: false, maxPayload: messageBytes } as const;

export function socketOperations(send: SendToRealm, outbound: Outbound): SocketOperations {
  const byPolicy = connectorFor(outbound);
  const clients = new Map<number, Client>();

  function checkNew(id: number): void {
    if (clients.has(id)) throw new Error("there is a WebSocket of this number");
    if (clients.size >= mostSockets) throw new RangeError(`a Worker may have ${mostSockets} WebSockets open`);
  }

  /** Has the realm told what goes over it. */
  function begin(id: number, socket: WebSocket): Client {
    const client: Client = { socket, flow: undefined, credit: windowBytes };
    clients.set(id, client);
    socket.on("error", (error) => send("socket.error", id, bounded(messageOf(error), mostErrorCharacters)));
    client.flow = new SocketFlow(socket, windowBytes, {
      message: (data) => send("socket.message", id, data),
      sent: (size) => {
        client.credit += size;
        send("socket.sent", id, size);
      },
      closed: (code, reason, clean) => {
        clients.delete(id);
        send("socket.closed", id, code, reason, clean);
      },
    });
    return client;
  }

  function open(id: number, url: URL, protocols: string[]): void {
    const socket = new (ws().WebSocket)(url, protocols, { ...settings, createConnection: connectionsBy(byPolicy) });
    begin(id, socket);
    socket.once("open", () => {
      send("socket.opened", id, socket.protocol, socket.extensions, windowBytes);
    });
  }

  const upgrade: SocketOperations["upgrade"] = (id, { url, headers, connect, follows, signal }, opened) => {
    checkNew(id);
    const offered = new Set((headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim()));
    const { promise, resolve, reject } = Promise.withResolvers<UpgradeAnswer | undefined>();
    const socket = new (ws().WebSocket)(url, [], {
      ...settings,
      headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !ownHeaders.has(name))),
      followRedirects: follows,
      maxRedirects: mostRedirects,
      createConnection: connectionsBy(connect ?? byPolicy),
    });
    const end = (): void => socket.terminate();
    signal.addEventListener("abort", end, { once: true });
    const settle = (): void => signal.removeEventListener("abort", end);
    socket.on("error", (error) => {
      settle();
      reject(error);
    });
    // ws knows of protocols by its own argument alone, and refuses who chooses none.
    let protocol = "";
    let answer: IncomingMessage | undefined;
    socket.once("upgrade", (response) => {
      answer = response;
      protocol = response.headers["sec-websocket-protocol"] ?? "";
      if (offered.has(protocol)) delete response.headers["sec-websocket-protocol"];
    });
    socket.once("open", () => {
      settle();
      opened({ response: answer as IncomingMessage, url: socket.url }, protocol);
      begin(id, socket);
      resolve(undefined);
    });
    socket.once("unexpected-response", (request, response) => {
      // It may take its time from here on; the signal ends it with its body.
      request.setTimeout(0);
      settle();
      signal.addEventListener("abort", () => response.destroy(), { once: true });
      resolve({ response, url: socket.url });
    });
    return promise;
  };

  const dataOf = (value: BridgeValue): string | Uint8Array => (value instanceof Uint8Array ? value : needString(value));

  const operations: Operations = {
    "socket.open": (idValue, urlValue, protocols) => {
      const id = needNumber(idValue);
      checkNew(id);
      const url = new URL(needString(urlValue));
      if (url.protocol !== "ws:" && url.protocol !== "wss:") throw new TypeError("not a URL of a WebSocket");
      open(id, url, JSON.parse(needString(protocols)) as string[]);
    },
    "socket.message": (idValue, value) => {
      const client = clients.get(needNumber(idValue));
      if (client === undefined) return;
      const data = dataOf(value);
      if (client.credit <= 0) throw new Error("there is no credit for a message");
      client.credit -= sizeOf(data);
      client.flow?.send(data);
    },
    "socket.close": (idValue, code, reason) => {
      const client = clients.get(needNumber(idValue));
      // ws does not answer a close with 1006, which is no code to send: the attempt to connect ends.
      if (code === 1006) client?.socket.terminate();
      else client?.flow?.close(needNumber(code), needString(reason));
    },
    "socket.grant": (idValue, size) => {
      clients.get(needNumber(idValue))?.flow?.grant(needNumber(size));
    },
  };
  const end = (): void => {
    for (const { socket } of clients.values()) socket.terminate();
  };
  return { operations, upgrade, underWay: () => clients.size, end };
}
