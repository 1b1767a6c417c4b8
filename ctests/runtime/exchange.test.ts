// How many bytes of a body are under way between the server's thread and a Worker that sends, or takes, as fast or as slowly as can be.
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Exchange, type GuestRequest } from "../../runtime/pool/exchange.ts";
import { pieceBytes, windowBytes } from "../../runtime/worker/flow.ts";
import type { ToExchange } from "../../runtime/worker/protocol.ts";

const chunkBytes = 64 * 1024;
const head = { type: "response", id: 1, status: 200, statusText: "", headers: "", webSocket: false } as const;
const get: GuestRequest = { method: "GET", url: "http://h/", headers: [], body: null };

/** Turns of the event loop, in which all that can go on does. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn();
}

/** A Worker that sends chunks as long as it has credit. */
class Sender {
  readonly exchange = new Exchange(1, get);
  sent = 0;
  cancelled = "";
  #credit = windowBytes;
  #left: number;

  constructor(size: number) {
    this.#left = size;
    this.exchange.begin((message) => this.#receive(message));
    this.exchange.receive({ ...head, body: null });
    this.#send();
  }

  #receive(message: ToExchange): void {
    if (message.type === "cancel") this.cancelled = message.text;
    if (message.type !== "response.credit") return;
    this.#credit += message.bytes;
    this.#send();
  }

  #send(): void {
    while (this.#left > 0 && this.#credit > 0 && this.cancelled === "") {
      const bytes = new Uint8Array(Math.min(pieceBytes, this.#left));
      this.#credit -= bytes.length;
      this.#left -= bytes.length;
      this.sent += bytes.length;
      this.exchange.receive({ type: "response.chunk", id: 1, bytes });
    }
    if (this.#left === 0) {
      this.#left = -1;
      this.exchange.receive({ type: "response.end", id: 1 });
    }
  }
}

describe("an exchange", () => {
  it("holds a part of a response that nobody reads", async () => {
    const sender = new Sender(1024 * windowBytes);
    const { body } = await sender.exchange.response;
    assert.ok(body instanceof Readable);
    await settle();
    assert.ok(sender.sent <= 2 * windowBytes + pieceBytes, `${sender.sent} bytes are under way`);
    body.destroy();
    await settle();
    assert.match(sender.cancelled, /nobody reads/);
  });

  it("passes a response of any size on, and holds no more of it than that", async () => {
    const size = 256 * windowBytes + 5;
    const sender = new Sender(size);
    const { body } = await sender.exchange.response;
    let taken = 0;
    let most = 0;
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      most = Math.max(most, sender.sent - taken);
      taken += chunk.length;
    }
    assert.equal(taken, size);
    assert.ok(most <= 2 * windowBytes + pieceBytes, `${most} bytes were under way`);
    assert.equal(sender.cancelled, "");
  });

  /** A request of so many bytes to a Worker that has given no credit yet. */
  function upload(size: number, limit: number, demanded?: () => void) {
    let made = 0;
    const state = { sent: 0, ended: false, cancelled: "", exceeded: false };
    const stream = new Readable({
      read() {
        if (made >= size) this.push(null);
        else this.push(Buffer.alloc(chunkBytes));
        made += chunkBytes;
      },
    });
    const exceeded = () => {
      state.exceeded = true;
    };
    const body = { stream, limit, exceeded, ...(demanded !== undefined && { demanded }) };
    const exchange = new Exchange(1, { ...get, method: "POST", body });
    exchange.begin((message) => {
      if (message.type === "request.chunk") state.sent += message.bytes.length;
      if (message.type === "request.end") state.ended = true;
      if (message.type === "cancel") state.cancelled = message.text;
    });
    return { exchange, state, stream };
  }

  it("sends as much of a request as the Worker takes", async () => {
    const { exchange, state } = upload(64 * windowBytes, Number.POSITIVE_INFINITY);
    await settle();
    assert.equal(state.sent, windowBytes);
    for (let taken = 0; taken < 63 * windowBytes; taken += windowBytes) {
      const before = state.sent;
      exchange.receive({ type: "request.credit", id: 1, bytes: windowBytes });
      await settle();
      assert.equal(state.sent - before, windowBytes);
    }
    await settle();
    assert.equal(state.sent, 64 * windowBytes);
    exchange.receive({ type: "request.credit", id: 1, bytes: windowBytes });
    await settle();
    assert.ok(state.ended);
  });

  it("does not read a request that is held before the Worker asks, and asks for it once", async () => {
    let demanded = 0;
    const { exchange, state } = upload(2 * windowBytes, Number.POSITIVE_INFINITY, () => demanded++);
    await settle();
    assert.deepEqual([state.sent, demanded], [0, 0]);
    exchange.receive({ type: "request.credit", id: 1, bytes: windowBytes });
    await settle();
    exchange.receive({ type: "request.credit", id: 1, bytes: windowBytes });
    await settle();
    assert.deepEqual([state.sent, demanded], [2 * windowBytes, 1]);
  });

  it("ends a request that is too large", async () => {
    const { state } = upload(2 * windowBytes, 2 * chunkBytes);
    await settle();
    assert.deepEqual([state.sent, state.exceeded, state.ended], [2 * chunkBytes, true, false]);
    assert.match(state.cancelled, /larger than 131072 bytes/);
  });

  it("reads no more of a request that is cancelled, or that the Worker does not want", async () => {
    for (const end of [
      (exchange: Exchange) => exchange.cancel("the client disconnected"),
      (exchange: Exchange) => void exchange.receive({ type: "request.stop", id: 1 }),
    ]) {
      const { exchange, state, stream } = upload(64 * windowBytes, Number.POSITIVE_INFINITY);
      await settle();
      end(exchange);
      exchange.receive({ type: "request.credit", id: 1, bytes: windowBytes });
      await settle();
      assert.equal(state.sent, windowBytes);
      assert.equal(stream.listenerCount("data"), 0);
    }
  });
});
