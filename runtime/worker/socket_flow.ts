// One WebSocket of the package ws, with credit both ways: what is received is read no faster than it is taken, and how much was sent is told
// when the system has it. Used in the server's thread for those that a Worker serves, in the Worker's for those that it opens.
import type { WebSocket } from "ws";
import { codeOf } from "../user_error.ts";

/** Of a message at most, both ways. runtime/realm/64-wires.js has the same. */
export const messageBytes = 32 * 1024 * 1024;

/** A peer that answers no ping for so long is gone. */
const pingMs = 30_000;
/** How long a peer may take to answer a close. */
const closeMs = 10_000;

/** What a message counts: the realm counts the same. */
export function sizeOf(data: string | Uint8Array): number {
  return data.length;
}

/** Of a connection that ended without a close. */
const noStatus = 1006;

/** The code that a peer was told for what it sent. */
function statusOf(error: Error): number {
  const code = codeOf(error);
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") return 1009;
  if (code === "WS_ERR_INVALID_UTF8") return 1007;
  return code?.startsWith("WS_ERR_") ? 1002 : noStatus;
}

export interface SocketEvents {
  /** The bytes are nobody else's. */
  message(data: string | Uint8Array<ArrayBuffer>): void;
  /** So much of what was sent has gone. */
  sent(size: number): void;
  /** The last. */
  closed(code: number, reason: string, clean: boolean): void;
}

export class SocketFlow {
  readonly #socket: WebSocket;
  #credit: number;
  #answersPing = true;
  #closeTimer: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, credit: number, events: SocketEvents) {
    this.#socket = socket;
    this.#credit = credit;
    const pings = setInterval(() => this.#ping(), pingMs).unref();
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      const message = isBinary ? new Uint8Array(data) : data.toString("utf8");
      this.#credit -= sizeOf(message);
      if (this.#credit <= 0) socket.pause();
      events.message(message);
    });
    socket.on("pong", () => {
      this.#answersPing = true;
    });
    // It is closed after it.
    let failure = noStatus;
    socket.on("error", (error) => {
      failure = statusOf(error);
    });
    socket.once("close", (code, reason) => {
      clearInterval(pings);
      clearTimeout(this.#closeTimer);
      events.closed(code === noStatus ? failure : code, reason.toString("utf8"), code !== noStatus);
    });
    this.#sent = events.sent;
  }

  readonly #sent: (size: number) => void;

  #ping(): void {
    // While it is paused a pong cannot be read.
    if (this.#socket.isPaused || this.#socket.readyState !== this.#socket.OPEN) return;
    if (!this.#answersPing) {
      this.#socket.terminate();
      return;
    }
    this.#answersPing = false;
    this.#socket.ping();
  }

  /** Throws RangeError. */
  send(data: string | Uint8Array): void {
    const size = sizeOf(data);
    if (size > messageBytes) throw new RangeError(`a message of ${size} bytes`);
    this.#socket.send(data, { binary: typeof data !== "string" }, () => this.#sent(size));
  }

  /** Throws an Error when the code or the reason is none that can be sent. 1005: without a code. */
  close(code: number, reason: string): void {
    if (code === 1005) this.#socket.close();
    else this.#socket.close(code, reason);
    // To see the peer's answer it has to be read.
    if (this.#socket.isPaused) this.#socket.resume();
    this.#closeTimer ??= setTimeout(() => this.#socket.terminate(), closeMs).unref();
  }

  grant(size: number): void {
    this.#credit += size;
    if (this.#credit > 0 && this.#socket.isPaused) this.#socket.resume();
  }

  terminate(): void {
    this.#socket.terminate();
  }
}
