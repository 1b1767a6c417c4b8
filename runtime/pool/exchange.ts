// One request to a Worker and its response, as the server's thread has them: whole, or bodies that go on while they come.
//
// Both ways no more is under way than the receiver has given credit for (runtime/worker/flow.ts), so whoever is slow slows the other
// down: a request's body stays in its socket, a response's in the Worker.
import { Readable } from "node:stream";
import { windowBytes } from "../worker/flow.ts";
import { type HeaderText, headerPairs, headerText, type Pairs } from "../worker/header_text.ts";
import type { FromExchange, ToExchange } from "../worker/protocol.ts";

/** The Worker's own code failed; the text is for the log, never for a client. */
export class GuestError extends Error {
  override readonly name = "GuestError";
}

/** The Worker takes no more for now. */
export class WorkerBusyError extends Error {
  override readonly name = "WorkerBusyError";
  /** Why, for a client. */
  readonly told: string;

  constructor(message: string, told: string) {
    super(message);
    this.told = told;
  }
}

/** The request was over a limit of its Worker's. */
export class LimitError extends GuestError {
  /** Which, for a client. */
  readonly limit: string;

  constructor(limit: string, cause: Error) {
    super(`${limit}: ${cause.message}`, { cause });
    this.limit = limit;
  }
}

/** A body that is sent while it arrives. */
export interface StreamedBody {
  /** Nobody else reads it. */
  readonly stream: Readable;
  /** Called when the Worker asks for the body: then it is not read before. */
  readonly demanded?: () => void;
  /** Bytes at most. */
  readonly limit: number;
  /** Called when there are more; the exchange is cancelled then. */
  readonly exceeded: () => void;
}

export interface GuestRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Pairs;
  /** The same as a text, where it is at hand. */
  readonly headerText?: HeaderText;
  readonly body: Uint8Array<ArrayBuffer> | StreamedBody | null;
  /** The address and the port that it came from, a line each. */
  readonly client?: string;
}

export interface GuestResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Pairs;
  /** The same as a text, where it is at hand. */
  readonly headerText?: HeaderText;
  /** A stream has to be read or destroyed, which tells the Worker to make no more of it. */
  readonly body: Uint8Array | Readable;
  /** The Worker's end of a WebSocket that it accepts: then there is no body. */
  readonly webSocket?: GuestSocket | undefined;
}

/** A Worker's end of a WebSocket: attach() when the handshake is done, socketClosed() at the end, or when there is no handshake. */
export type GuestSocket = Pick<Exchange, "attach" | "socketMessage" | "socketSent" | "socketClosed">;

/** A WebSocket to a client. */
export interface ServedSocket {
  send(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
  grant(size: number): void;
  terminate(): void;
}

/** Looks at what the Worker uses. */
export interface ExchangeWatcher {
  /** The Worker was given something. */
  watch(): void;
  /** The exchange's time is up: the text is an error's. */
  expire(exchange: Exchange, text: string): void;
}

const mostNameCharacters = 200;

type Post = (message: ToExchange) => void;

/** What a Worker answered. */
class Answer implements GuestResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headerText: HeaderText;
  readonly body: Uint8Array | Readable;
  readonly webSocket: GuestSocket | undefined;

  constructor(
    { status, statusText, headers }: Extract<FromExchange, { type: "response" }>,
    body: Uint8Array | Readable,
    webSocket: GuestSocket | undefined,
  ) {
    this.status = status;
    this.statusText = statusText;
    this.headerText = headers;
    this.body = body;
    this.webSocket = webSocket;
  }

  /** Most often the text will do. */
  get headers(): Pairs {
    return headerPairs(this.headerText);
  }
}

export class Exchange {
  readonly id: number;
  /** Rejected with GuestError, or by why the Worker was lost. */
  readonly response: Promise<GuestResponse>;
  readonly #request: GuestRequest;
  readonly #answered: PromiseWithResolvers<GuestResponse>;
  #post: Post | undefined;
  /** Stops to read the request's body. */
  #release: (() => void) | undefined;
  /** How many bytes of it may be sent. */
  #credit = 0;
  /** The body was not asked for yet. */
  #held = false;
  #body: Readable | undefined;
  /** Bytes of the response that were taken and for which no credit was given. */
  #owed = 0;
  #socket: ServedSocket | undefined;
  #messages = 0;
  /** What the Worker sent before there was one. */
  #early: FromExchange[] = [];
  #cancelled = false;
  #over = false;
  /** The response has begun, or nobody waits for it any more. */
  #hasAnswered = false;
  /** That it is over. */
  #limit: string | undefined;
  readonly #watcher: ExchangeWatcher | undefined;

  constructor(id: number, request: GuestRequest, watcher?: ExchangeWatcher) {
    this.id = id;
    this.#request = request;
    this.#watcher = watcher;
    this.#answered = Promise.withResolvers();
    this.response = this.#answered.promise;
  }

  /** Whether nobody waits for the response. */
  get isCancelled(): boolean {
    return this.#cancelled;
  }

  begin(post: Post): void {
    this.#post = post;
    const { id } = this;
    const { method, url, body, client = "" } = this.#request;
    const headers = this.#request.headerText ?? headerText(this.#request.headers);
    if (body === null || body instanceof Uint8Array) {
      post({ type: "request", id, method, url, headers, body, held: false, client });
      return;
    }
    this.#held = body.demanded !== undefined;
    post({ type: "request", id, method, url, headers, body: true, held: this.#held, client });
    if (!this.#held) this.#credit = windowBytes;
    this.#send(body);
  }

  #send({ stream, limit, exceeded }: StreamedBody): void {
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) {
        this.cancel(`the request's body is larger than ${limit} bytes`);
        exceeded();
        return;
      }
      this.#credit -= chunk.length;
      if (this.#credit <= 0) stream.pause();
      // A copy that owns its memory, which can be handed over.
      this.#post?.({ type: "request.chunk", id: this.id, bytes: new Uint8Array(chunk) });
    };
    const onEnd = (): void => {
      this.#release?.();
      this.#post?.({ type: "request.end", id: this.id });
    };
    this.#release = () => {
      this.#release = undefined;
      stream.off("data", onData).off("end", onEnd);
    };
    if (this.#credit <= 0) stream.pause();
    stream.on("data", onData).on("end", onEnd);
  }

  /** A message about this exchange; true when it was the last. */
  receive(message: FromExchange): boolean {
    switch (message.type) {
      case "response": {
        const given = typeof message.body === "string" ? Buffer.from(message.body) : message.body;
        const body = given ?? (message.webSocket ? new Uint8Array(0) : this.#openBody());
        if (this.#hasAnswered) {
          // It comes too late.
          if (body instanceof Readable) body.destroy();
          else if (message.webSocket) this.socketClosed(1006, "", false);
        }
        this.#hasAnswered = true;
        this.#answered.resolve(new Answer(message, body, message.webSocket ? this : undefined));
        if (given === null) return false;
        this.#end();
        return true;
      }
      case "served.message":
      case "served.close":
      case "served.grant":
        if (this.#socket === undefined) this.#early.push(message);
        else this.#serve(this.#socket, message);
        return false;
      case "response.chunk":
        this.#owed += message.bytes.length;
        if (this.#body !== undefined && !this.#body.destroyed) this.#body.push(message.bytes);
        return false;
      case "response.end":
        this.#end();
        this.#body?.push(null);
        return true;
      case "response.error":
        this.fail(new GuestError(message.text));
        return true;
      case "request.credit":
        this.#grant(message.bytes);
        return false;
      case "request.stop":
        this.#release?.();
        return false;
    }
  }

  /** The handshake is done: what the Worker sends goes to the client. */
  attach(socket: ServedSocket): void {
    this.#socket = socket;
    for (const message of this.#early) this.#serve(socket, message);
    this.#early = [];
  }

  #serve(socket: ServedSocket, message: FromExchange): void {
    if (message.type === "served.message") socket.send(message.data);
    else if (message.type === "served.close") socket.close(message.code, message.reason);
    else if (message.type === "served.grant") socket.grant(message.size);
  }

  /** How many messages of its WebSocket the Worker was given. */
  get messages(): number {
    return this.#messages;
  }

  socketMessage(data: string | Uint8Array<ArrayBuffer>): void {
    this.#messages++;
    this.#watcher?.watch();
    this.#post?.({ type: "served.message", id: this.id, data });
  }

  socketSent(size: number): void {
    if (!this.#over) this.#post?.({ type: "served.sent", id: this.id, size });
  }

  /** It is closed, or there was no handshake. */
  socketClosed(code: number, reason: string, clean: boolean): void {
    if (!this.#over) this.#post?.({ type: "served.closed", id: this.id, code, reason, clean });
  }

  /** Nobody waits for the response any more: the Worker gets an error with this text where it asks for more. */
  cancel(text: string): void {
    if (this.#cancelled || this.#over) return;
    this.#cancelled = true;
    this.#release?.();
    this.#post?.({ type: "cancel", id: this.id, text });
  }

  /** As cancel(); and the Worker is to end it, if it does not by itself. */
  expire(text: string): void {
    this.cancel(text);
    if (!this.#over) this.#watcher?.expire(this, text);
  }

  /** As expire(), where who waits for the response is told of the limit at once; nothing where that has begun. */
  timeOut(limit: string): void {
    if (this.#over || this.#hasAnswered) return;
    this.#release?.();
    this.#post?.({ type: "cancel", id: this.id, text: limit });
    this.#watcher?.expire(this, limit);
    this.#hasAnswered = true;
    this.#answered.reject(new LimitError(limit, new Error("the handler was told")));
  }

  /** It is over a limit, and about to fail by that. */
  exceed(limit: string): void {
    this.#limit ??= limit;
  }

  /** How a log names it. */
  get name(): string {
    const { method, url } = this.#request;
    return `${method} ${URL.parse(url)?.pathname ?? url}`.slice(0, mostNameCharacters);
  }

  /** Ends it on this side. */
  fail(cause: Error): void {
    const error = this.#limit === undefined ? cause : new LimitError(this.#limit, cause);
    this.#end();
    this.#answered.reject(error);
    this.#body?.destroy(error);
    this.#socket?.terminate();
  }

  #grant(bytes: number): void {
    const { body } = this.#request;
    if (this.#release === undefined || body === null || body instanceof Uint8Array) return;
    if (this.#held) body.demanded?.();
    this.#held = false;
    this.#credit += bytes;
    if (this.#credit > 0) body.stream.resume();
  }

  #openBody(): Readable {
    this.#body = new Readable({
      highWaterMark: windowBytes / 4,
      read: () => {
        if (this.#owed < windowBytes / 2 || this.#over) return;
        const bytes = this.#owed;
        this.#owed = 0;
        this.#post?.({ type: "response.credit", id: this.id, bytes });
      },
      destroy: (error, done) => {
        this.cancel("nobody reads the response any more");
        done(error);
      },
    });
    // Its error is for who listens; when nobody does, it is no reason to end the process.
    this.#body.on("error", () => {});
    return this.#body;
  }

  #end(): void {
    this.#over = true;
    this.#release?.();
  }
}
