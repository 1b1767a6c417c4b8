// WebSockets that a realm opens, by the package ws over connections that ask the outbound policy (outbound.ts). The messages are those of
// runtime/realm/66-websocket.js.
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { BridgeValue } from "../../addon.ts";
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

interface Client {
  readonly socket: WebSocket;
  flow: SocketFlow | undefined;
  /** Of what may be sent. */
  credit: number;
}

export function socketOperations(send: SendToRealm, outbound: Outbound): LaterOperations {
  const connect = connectorFor(outbound);
  const clients = new Map<number, Client>();

  /** What ws opens its connection by: TCP, or TLS for wss:. */
  function createConnection(
    secure: boolean,
    url: URL,
    told: (error: Error | null, socket: Duplex | null) => void,
  ): void {
    const hostname = url.hostname.replace(/^\[|\]$/g, "");
    const protocol = secure ? "https:" : "http:";
    connect({ hostname, host: url.host, port: url.port, protocol }, (error, socket) => told(error, socket));
  }

  function open(id: number, url: URL, protocols: string[]): void {
    const secure = url.protocol === "wss:";
    const socket = new WebSocket(url, protocols, {
      handshakeTimeout: handshakeMs,
      perMessageDeflate: false,
      maxPayload: messageBytes,
      createConnection: ((_options: unknown, told: (error: Error | null, socket: Duplex | null) => void) => {
        createConnection(secure, url, told);
        return undefined;
      }) as never,
    });
    const client: Client = { socket, flow: undefined, credit: windowBytes };
    clients.set(id, client);
    socket.once("open", () => {
      send("socket.opened", id, socket.protocol, socket.extensions, windowBytes);
    });
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
  }

  const dataOf = (value: BridgeValue): string | Uint8Array => (value instanceof Uint8Array ? value : needString(value));

  const operations: Operations = {
    "socket.open": (idValue, urlValue, protocols) => {
      const id = needNumber(idValue);
      if (clients.has(id)) throw new Error("there is a WebSocket of this number");
      if (clients.size >= mostSockets) throw new RangeError(`a Worker may have ${mostSockets} WebSockets open`);
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
  return { operations, underWay: () => clients.size };
}
