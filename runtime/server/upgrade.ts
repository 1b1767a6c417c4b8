// WebSockets in: the handshake of a request that its Worker answered by one, and what goes between the two from then on.
import http from "node:http";
import type { Duplex } from "node:stream";
import { ws } from "../lazy_packages.ts";
import type { GuestResponse, GuestSocket } from "../pool/exchange.ts";
import { windowBytes } from "../worker/flow.ts";
import { messageBytes, SocketFlow } from "../worker/socket_flow.ts";
import { hopHeaders } from "./send_response.ts";

/** A request for another protocol: its connection is the handler's. */
export interface Upgrade {
  readonly socket: Duplex;
  /** What came behind the request's head. */
  readonly head: Buffer;
}

/** Whether a request asks for a WebSocket. What asks for another protocol is answered without it. */
export function wantsWebSocket({ method, headers }: http.IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket";
}

/** A response object for a request whose connection is an upgrade's; the connection ends with it. */
export function responseOn(request: http.IncomingMessage, socket: Duplex): http.ServerResponse {
  const response = new http.ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as never);
  socket.on("drain", () => response.emit("drain"));
  response.once("finish", () => socket.end());
  return response;
}

/** The lines of the handshake's response that are the Worker's. Throws for what no header can hold. */
function headerLines(result: GuestResponse): string[] {
  const lines: string[] = [];
  for (const [name, value] of result.headers) {
    if (hopHeaders.has(name) || name.startsWith("sec-websocket-")) continue;
    http.validateHeaderName(name);
    http.validateHeaderValue(name, value);
    lines.push(`${name}: ${value}`);
  }
  return lines;
}

/** What is said of a WebSocket for another request. */
export const unasked = "the handler accepted a WebSocket that the request did not ask for";

/** The WebSockets of a server. */
export class ServedSockets {
  readonly #flows = new Set<SocketFlow>();

  /** Shakes hands. Throws when the response cannot be sent. */
  accept(response: http.ServerResponse, upgrade: Upgrade, result: GuestResponse, guest: GuestSocket): void {
    const lines = headerLines(result);
    // From here on the connection is not HTTP's.
    response.detachSocket(upgrade.socket as never);
    const protocol = result.headers.find(([name]) => name === "sec-websocket-protocol")?.[1];
    const server = new (ws().WebSocketServer)({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: messageBytes,
      handleProtocols: (offered) => (protocol !== undefined && offered.has(protocol) ? protocol : false),
    });
    server.on("headers", (headers) => headers.push(...lines));
    // A handshake that is not one is answered by ws, and the connection ends.
    const failed = (): void => guest.socketClosed(1006, "", false);
    upgrade.socket.once("close", failed);
    server.handleUpgrade(response.req, upgrade.socket, upgrade.head, (socket) => {
      upgrade.socket.off("close", failed);
      const flow = new SocketFlow(socket, windowBytes, {
        message: (data) => guest.socketMessage(data),
        sent: (size) => guest.socketSent(size),
        closed: (code, reason, clean) => {
          this.#flows.delete(flow);
          guest.socketClosed(code, reason, clean);
        },
      });
      this.#flows.add(flow);
      guest.attach(flow);
    });
  }

  /** Tells all clients that the server goes. */
  close(): void {
    for (const flow of this.#flows) flow.close(1001, "the server is stopping");
  }

  terminate(): void {
    for (const flow of this.#flows) flow.terminate();
  }

  get size(): number {
    return this.#flows.size;
  }
}
