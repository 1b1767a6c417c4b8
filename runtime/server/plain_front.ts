// Takes a server's connections before Node's HTTP does, for as long as plain requests come on them.
import type http from "node:http";
import type { Socket } from "node:net";
import type { Answering } from "./http.ts";
import type { Limits } from "./limits.ts";
import { PlainAnswers } from "./plain_answer.ts";
import { PlainConnection } from "./plain_connection.ts";
import type { Proxies } from "./proxies.ts";
import type { Requests } from "./requests.ts";

const sweepMs = 1000;
/** How much longer than it says a server keeps a connection that asks nothing, as Node does: a request may be on its way. */
const graceMs = 1000;

export interface PlainOptions {
  readonly worker: Answering;
  readonly requests: Requests;
  readonly limits: Limits;
  readonly proxies: Proxies | undefined;
}

export class PlainFront {
  readonly #connections = new Set<PlainConnection>();
  readonly #sweeping: NodeJS.Timeout;
  #isClosing = false;

  constructor(server: http.Server, { worker, requests, limits, proxies }: PlainOptions) {
    const accept = server.listeners("connection") as ((socket: Socket) => void)[];
    server.removeAllListeners("connection");
    const context = {
      answers: new PlainAnswers(server.keepAliveTimeout),
      requests,
      worker,
      limits,
      proxies,
      handOver: (connection: PlainConnection, socket: Socket): void => {
        this.#connections.delete(connection);
        for (const listener of accept) listener.call(server, socket);
      },
      closed: (connection: PlainConnection): void => {
        this.#connections.delete(connection);
      },
    };
    server.on("connection", (socket: Socket) => {
      const connection = new PlainConnection(socket, context);
      this.#connections.add(connection);
      if (this.#isClosing) connection.finish();
    });
    const most = Math.ceil(Math.min(server.keepAliveTimeout + graceMs, limits.headSeconds * 1000) / sweepMs);
    this.#sweeping = setInterval(() => {
      for (const connection of this.#connections) connection.sweep(most);
    }, sweepMs).unref();
  }

  /** Each connection ends when it has answered what it was asked. */
  close(): void {
    this.#isClosing = true;
    for (const connection of this.#connections) connection.finish();
  }

  destroy(): void {
    clearInterval(this.#sweeping);
    for (const connection of this.#connections) connection.destroy();
  }
}
