// Clients whose bytes are no request that is read here: each is told why, and its connection ends.
//
// The system resets a connection that is closed while bytes have come that nobody has read, and the client may lose the answer by that. So
// what it goes on to send is read and dropped, for a while and up to a size.
import http from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { codeOf } from "../user_error.ts";
import type { Limits } from "./limits.ts";

const mostDropped = 1024 * 1024;
const mostDroppedMs = 2000;

/** By what Node's parser says; 400 for all else. */
const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

function answerFor(status: number, { headBytes }: Limits): string {
  const reason = http.STATUS_CODES[status] ?? "";
  const body = `${reason}${status === 431 ? `: at most ${headBytes} bytes` : ""}\n`;
  const head = `HTTP/1.1 ${status} ${reason}\r\ncontent-type: text/plain; charset=utf-8\r\n`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}

/** Sends it, and drops what comes. */
function endWith(answer: string, socket: Duplex): void {
  // Node's parser gets no more of it.
  socket.removeAllListeners("data").removeAllListeners("end");
  const timer = setTimeout(() => socket.destroy(), mostDroppedMs);
  let dropped = 0;
  socket.on("data", (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > mostDropped) socket.destroy();
  });
  socket.once("end", () => socket.destroy());
  socket.once("close", () => clearTimeout(timer));
  socket.end(answer);
  socket.resume();
}

/** In place of what Node does, which closes each connection at once. */
export function answerClientErrors(server: http.Server, limits: Limits): void {
  /** The last of each connection. */
  const responses = new WeakMap<Duplex, http.ServerResponse>();
  const ended = new WeakSet<Duplex>();
  const note = ({ socket }: http.IncomingMessage, response: http.ServerResponse): void => {
    responses.set(socket, response);
  };
  server.on("request", note).on("checkContinue", note);
  server.on("clientError", (error: Error, socket: Socket) => {
    const response = responses.get(socket);
    const isUnderWay = response !== undefined && !response.writableFinished;
    const hasBegun = isUnderWay && response.headersSent;
    if (ended.has(socket) || hasBegun || !socket.writable || codeOf(error) === "ECONNRESET") {
      socket.destroy();
      return;
    }
    ended.add(socket);
    const answer = answerFor(statuses[codeOf(error) ?? ""] ?? 400, limits);
    if (!isUnderWay) {
      endWith(answer, socket);
      return;
    }
    // Who answers it is told at once that its client has gone.
    socket.write(answer);
    socket.destroySoon();
  });
}
