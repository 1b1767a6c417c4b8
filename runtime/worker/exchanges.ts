// Requests on their way through a Worker's thread: from the pool to the realm and back, whole or in chunks.
//
// The realm is held to what runtime/realm/86-exchanges.js says, whoever speaks for it: it ends an exchange once, sends within its credit,
// and names no other exchange. What the pool has cancelled it may go on to send: the pool drops it.
import type { BridgeValue } from "../addon.ts";
import { pieceBytes, windowBytes } from "./flow.ts";
import { needNumber, needString, type Operation, type Operations, type SendToRealm } from "./ops/operations.ts";
import type { FromExchange, ToExchange } from "./protocol.ts";
import { messageBytes, sizeOf } from "./socket_flow.ts";
import { bounded, mostCharacters } from "./text.ts";

interface Exchange {
  /** Chunks of the request are still to come. */
  arrives: boolean;
  /** Of the response that is sent in chunks, or the WebSocket; undefined before its head. */
  credit: number | undefined;
  isSocket: boolean;
}

export interface ExchangeOperations {
  readonly operations: Operations;
  receive(message: ToExchange): void;
  /** Chunks, credit for some, or messages, that are waited for. */
  underWay(): number;
}

function needBytes(value: BridgeValue): Uint8Array<ArrayBuffer> {
  if (!(value instanceof Uint8Array)) throw new TypeError("expected bytes");
  return value as Uint8Array<ArrayBuffer>;
}

/** One that HTTP has: it is counted by, too. */
function needStatus(value: BridgeValue): number {
  const status = needNumber(value);
  if (!Number.isInteger(status) || status < 100 || status > 999) throw new RangeError(`a status of ${status}`);
  return status;
}

function needSocket(exchange: Exchange): void {
  if (!exchange.isSocket) throw new Error("the request was not answered by a WebSocket");
}

export function exchangeOperations(send: SendToRealm, post: (message: FromExchange) => void): ExchangeOperations {
  const exchanges = new Map<number, Exchange>();

  function receive(message: ToExchange): void {
    const { id } = message;
    switch (message.type) {
      case "request": {
        const { method, url, headers, body, held, client } = message;
        exchanges.set(id, { arrives: body === true, credit: undefined, isSocket: false });
        send("request", id, method, url, headers, body, held ? windowBytes : 0, client);
        break;
      }
      case "request.chunk":
        send("request.chunk", id, message.bytes);
        break;
      case "request.end": {
        const exchange = exchanges.get(id);
        if (exchange !== undefined) exchange.arrives = false;
        send("request.end", id);
        break;
      }
      case "response.credit": {
        const exchange = exchanges.get(id);
        if (exchange?.credit === undefined) break;
        exchange.credit += message.bytes;
        send("response.credit", id, message.bytes);
        break;
      }
      case "served.message":
        send("served.message", id, message.data);
        break;
      case "served.sent": {
        const exchange = exchanges.get(id);
        if (exchange?.credit === undefined) break;
        exchange.credit += message.size;
        send("served.sent", id, message.size);
        break;
      }
      case "served.closed":
        send("served.closed", id, message.code, message.reason, message.clean);
        break;
      case "cancel": {
        const exchange = exchanges.get(id);
        if (exchange === undefined) break;
        exchange.arrives = false;
        send("cancel", id, message.text);
        break;
      }
    }
  }

  /** An operation on an exchange that is under way. */
  function of(operation: (exchange: Exchange, id: number, ...values: BridgeValue[]) => BridgeValue | void): Operation {
    return (idValue, ...values) => {
      const id = needNumber(idValue);
      const exchange = exchanges.get(id);
      if (exchange === undefined) throw new Error(`there is no request ${id}`);
      return operation(exchange, id, ...values);
    };
  }

  const operations: Operations = {
    response: of((exchange, id, status, statusText, headersValue, body, isSocket) => {
      if (exchange.credit !== undefined) throw new Error("the request was answered before");
      const head = {
        type: "response",
        id,
        status: needStatus(status),
        statusText: needString(statusText),
        headers: needString(headersValue),
        webSocket: isSocket === true,
      } as const;
      if (body === null) {
        exchange.credit = windowBytes;
        exchange.isSocket = isSocket === true;
        post({ ...head, body: null });
        return windowBytes;
      }
      const content = typeof body === "string" ? body : needBytes(body);
      exchanges.delete(id);
      post({ ...head, body: content });
      return undefined;
    }),
    "served.message": of((exchange, id, value) => {
      needSocket(exchange);
      const data = value instanceof Uint8Array ? needBytes(value) : needString(value);
      if ((exchange.credit ?? 0) <= 0) throw new Error("there is no credit for a message");
      if (sizeOf(data) > messageBytes) throw new RangeError(`a message of ${sizeOf(data)} bytes`);
      exchange.credit = (exchange.credit ?? 0) - sizeOf(data);
      post({ type: "served.message", id, data });
    }),
    "served.close": of((exchange, id, code, reason) => {
      needSocket(exchange);
      post({ type: "served.close", id, code: needNumber(code), reason: needString(reason) });
    }),
    "served.grant": of((exchange, id, size) => {
      needSocket(exchange);
      post({ type: "served.grant", id, size: needNumber(size) });
    }),
    "response.chunk": of((exchange, id, value) => {
      const bytes = needBytes(value);
      if (exchange.isSocket || exchange.credit === undefined || exchange.credit <= 0)
        throw new Error("there is no credit for a chunk");
      if (bytes.length === 0 || bytes.length > pieceBytes) throw new RangeError(`a chunk of ${bytes.length} bytes`);
      exchange.credit -= bytes.length;
      post({ type: "response.chunk", id, bytes });
    }),
    "response.end": of((exchange, id) => {
      if (exchange.credit === undefined) throw new Error("the request was not answered yet");
      exchanges.delete(id);
      post({ type: "response.end", id });
    }),
    "response.error": of((_, id, text) => {
      exchanges.delete(id);
      post({ type: "response.error", id, text: bounded(needString(text), mostCharacters) });
    }),
    "request.credit": of((_, id, value) => {
      const bytes = needNumber(value);
      // A Worker may let as much come as it likes: it is the one that keeps it.
      if (!Number.isSafeInteger(bytes) || bytes <= 0) throw new RangeError(`a credit of ${bytes} bytes`);
      post({ type: "request.credit", id, bytes });
    }),
    "request.stop": of((exchange, id) => {
      exchange.arrives = false;
      post({ type: "request.stop", id });
    }),
  };

  return {
    operations,
    receive,
    underWay: () => {
      let count = 0;
      for (const { arrives, credit, isSocket } of exchanges.values())
        if (arrives || isSocket || (credit !== undefined && credit <= 0)) count++;
      return count;
    },
  };
}
