// Connections on which plain requests come, read and answered without the streams and events that Node has for each.
//
//   connection --> PlainConnection: a plain head, and a small body --> the Worker --> a plain answer, one write
//                    |      ^                            |
//                    |      '------- the next -----------'--> any other answer: by Node's ServerResponse, then the next
//                    '--> anything else, or a body that does not come at once: the connection is Node's, with what came, for good
//
// One request is under way at a time; what comes meanwhile waits. Time limits of what is Node's are Node's.
import http from "node:http";
import type { Socket } from "node:net";
import { GuestError, type GuestRequest, type GuestResponse } from "../pool/exchange.ts";
import { type HeaderText, headerPairs, type Pairs } from "../worker/header_text.ts";
import type { Answering, Opened } from "./http.ts";
import { type Limits, retryAfterSeconds } from "./limits.ts";
import { clientText, peerOf } from "./peer.ts";
import type { PlainAnswers } from "./plain_answer.ts";
import { mostHeadBytes, type PlainHead, PlainHeads } from "./plain_head.ts";
import type { Proxies } from "./proxies.ts";
import { wholeBytes } from "./request_body.ts";
import type { Entry, Requests } from "./requests.ts";
import { sendResponse, sendText } from "./send_response.ts";
import { unasked } from "./upgrade.ts";

/** What connections have of their server. */
export interface PlainServer {
  readonly answers: PlainAnswers;
  readonly requests: Requests;
  readonly worker: Answering;
  readonly limits: Limits;
  readonly proxies: Proxies | undefined;
  /** The connection is Node's from now on. */
  handOver(connection: PlainConnection, socket: Socket): void;
  closed(connection: PlainConnection): void;
}

/** Sweeps that a body may take to come. */
const bodySweeps = 1;

/** A head whose body has not come. */
interface Coming {
  readonly head: PlainHead;
  readonly chunks: Buffer[];
  size: number;
}

/** A request that is under way. */
interface Asked {
  readonly method: string;
  readonly entry: Entry;
  readonly exchange: Opened;
  readonly timer: NodeJS.Timeout | undefined;
}

class PlainRequest implements GuestRequest {
  readonly method: string;
  readonly body: Uint8Array<ArrayBuffer> | null;
  readonly url: string;
  readonly headerText: HeaderText;
  readonly client: string;

  constructor({ method, url, headers, client }: PlainHead, body: Uint8Array<ArrayBuffer> | null) {
    this.method = method;
    this.body = body;
    this.url = url;
    this.headerText = headers;
    this.client = clientText(client);
  }

  get headers(): Pairs {
    return headerPairs(this.headerText);
  }
}

export class PlainConnection {
  readonly #socket: Socket;
  readonly #server: PlainServer;
  readonly #heads: PlainHeads;
  #asked: Asked | undefined;
  #coming: Coming | undefined;
  #response: http.ServerResponse | undefined;
  /** What came while a request was under way. */
  #kept: Buffer | undefined;
  #isLast = false;
  /** Sweeps since its last request, or its begin. */
  #sweeps = 0;
  /** Whether it has had a request. */
  #isUsed = false;

  constructor(socket: Socket, server: PlainServer) {
    this.#socket = socket;
    this.#server = server;
    this.#heads = new PlainHeads(peerOf(socket), server.proxies);
    socket.on("data", this.#onData).on("end", this.#onEnd).on("close", this.#onClose).on("error", this.#onError);
  }

  get isIdle(): boolean {
    return this.#asked === undefined && this.#coming === undefined;
  }

  /** Called at intervals: closes it when it has been idle for too many of them. */
  sweep(most: number): void {
    if (this.#coming !== undefined) {
      if (++this.#sweeps > bodySweeps) this.#handOver(Buffer.concat(this.#coming.chunks));
      return;
    }
    if (!this.isIdle || ++this.#sweeps <= most) return;
    if (this.#isUsed) this.#socket.destroySoon();
    else this.#handOver(undefined);
  }

  /** It ends when what is under way is answered. */
  finish(): void {
    this.#isLast = true;
    if (this.isIdle) this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#asked === undefined) {
      if (this.#coming === undefined) this.#take(chunk);
      else this.#takeMore(this.#coming, chunk);
      return;
    }
    this.#kept = this.#kept === undefined ? chunk : Buffer.concat([this.#kept, chunk]);
    this.#socket.pause();
  };

  readonly #onEnd = (): void => {
    this.#socket.end();
  };

  readonly #onError = (): void => {
    this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    const asked = this.#asked;
    this.#asked = undefined;
    this.#server.closed(this);
    if (asked === undefined) return;
    clearTimeout(asked.timer);
    asked.exchange.cancel("the client disconnected");
    this.#server.requests.end(asked.entry, undefined);
  };

  #take(chunk: Buffer): void {
    const { requests, limits } = this.#server;
    const mostBytes = Math.min(mostHeadBytes, limits.headBytes);
    const head = requests.hasRoom ? this.#heads.read(chunk.toString("latin1", 0, mostBytes)) : null;
    if (head === null || head.size >= limits.headBytes || head.bodySize > Math.min(wholeBytes, limits.bodyBytes)) {
      this.#handOver(chunk);
    } else if (chunk.length === head.size && head.bodySize === 0) {
      this.#ask(head, null);
    } else {
      this.#sweeps = 0;
      this.#coming = { head, chunks: [], size: 0 };
      this.#takeMore(this.#coming, chunk);
    }
  }

  #takeMore(coming: Coming, chunk: Buffer): void {
    const { head, chunks } = coming;
    chunks.push(chunk);
    coming.size += chunk.length;
    const missing = head.size + head.bodySize - coming.size;
    if (missing > 0) return;
    const all = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    this.#coming = undefined;
    // Memory of its own, which can be handed over.
    if (missing === 0) this.#ask(head, new Uint8Array(all.subarray(head.size)));
    else this.#handOver(all);
  }

  #ask(head: PlainHead, body: Uint8Array<ArrayBuffer> | null): void {
    this.#isUsed = true;
    this.#sweeps = 0;
    const { worker, requests, limits } = this.#server;
    const { method } = head;
    const entry = requests.begin({ method, url: head.target });
    entry.client = head.client.address;
    const exchange = worker.open(new PlainRequest(head, body), () => new URL(head.url));
    const { seconds } = limits;
    const timer = seconds === 0 ? undefined : setTimeout(() => this.#timeIsUp(asked, seconds), seconds * 1000);
    const asked: Asked = { method, entry, exchange, timer };
    this.#asked = asked;
    exchange.response.then(
      (result) => this.#answer(asked, result),
      (error: unknown) => this.#fail(asked, error),
    );
  }

  #answer(asked: Asked, result: GuestResponse): void {
    clearTimeout(asked.timer);
    if (this.#asked !== asked || this.#response !== undefined) {
      if (!(result.body instanceof Uint8Array)) result.body.destroy();
      result.webSocket?.socketClosed(1006, "", false);
      return;
    }
    if (result.webSocket !== undefined) {
      result.webSocket.socketClosed(1006, "", false);
      this.#fail(asked, new GuestError(unasked));
      return;
    }
    const text = this.#server.answers.write(result, this.#isLast);
    if (text === undefined) {
      sendResponse(this.#byNode(asked), result, asked.method).catch((error: unknown) => this.#fail(asked, error));
    } else if (this.#socket.write(text, "latin1")) {
      this.#next(asked, result.status);
    } else {
      this.#socket.once("drain", () => this.#next(asked, result.status));
    }
  }

  #fail(asked: Asked, error: unknown): void {
    clearTimeout(asked.timer);
    const response = this.#asked === asked ? this.#byNode(asked) : null;
    this.#server.requests.fail(asked.entry, error, asked.exchange.isCancelled, response);
  }

  #timeIsUp(asked: Asked, seconds: number): void {
    if (this.#asked !== asked) return;
    asked.exchange.expire(`the request's time is up, after ${seconds} s`);
    const response = this.#byNode(asked);
    // What the handler does from now on ends the connection.
    response.removeHeader("keep-alive");
    response.setHeader("connection", "close");
    response.setHeader("retry-after", retryAfterSeconds);
    sendText(response, 503, `Service Unavailable: no answer within ${seconds} s`);
  }

  /** What sends an answer as for a request that Node has read. */
  #byNode(asked: Asked): http.ServerResponse {
    if (this.#response !== undefined) return this.#response;
    const request = { method: asked.method, httpVersionMajor: 1, httpVersionMinor: 1, headers: {} };
    const response = new http.ServerResponse(request as http.IncomingMessage);
    response.shouldKeepAlive = !this.#isLast;
    if (!this.#isLast) response.setHeader("Keep-Alive", this.#server.answers.keepAlive);
    this.#response = response;
    const socket = this.#socket;
    response.assignSocket(socket);
    const onDrain = (): void => {
      response.emit("drain");
    };
    socket.on("drain", onDrain);
    response.once("finish", () => {
      socket.off("drain", onDrain);
      response.detachSocket(socket);
      response.destroyed = true;
      response.emit("close");
      this.#response = undefined;
      if (!response.shouldKeepAlive || response.getHeader("connection") === "close") this.#isLast = true;
      this.#next(asked, response.statusCode);
    });
    return response;
  }

  /** The request was answered. */
  #next(asked: Asked, status: number): void {
    if (this.#asked !== asked) return;
    this.#asked = undefined;
    this.#server.requests.end(asked.entry, status);
    if (this.#isLast) {
      this.#socket.destroySoon();
      return;
    }
    const kept = this.#kept;
    if (kept === undefined) return;
    this.#kept = undefined;
    this.#socket.resume();
    this.#take(kept);
  }

  #handOver(chunk: Buffer | undefined): void {
    this.#coming = undefined;
    const socket = this.#socket;
    socket.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onClose).off("error", this.#onError);
    socket.pause();
    if (chunk !== undefined) socket.unshift(chunk);
    this.#server.handOver(this, socket);
    socket.resume();
  }
}
