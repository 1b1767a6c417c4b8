// What comes to a realm beside requests, and its calls of other Workers.
import type { BridgeValue } from "../../addon.ts";
import { type FromWorker, functionMark, type ToWorker } from "../protocol.ts";
import { type LaterOperations, needNumber, needString, type Operations, type SendToRealm } from "./operations.ts";

/** Of one call's arguments or result; a Worker's request may have as many. */
const mostBytes = 100 * 1024 * 1024;

type Post = (message: FromWorker) => void;

function needBytes(value: BridgeValue): Uint8Array<ArrayBuffer> {
  if (!(value instanceof Uint8Array)) throw new TypeError("expected bytes");
  if (value.byteLength > mostBytes) {
    throw new RangeError(`a call to another Worker has at most ${mostBytes} bytes, and this one ${value.byteLength}`);
  }
  return value as Uint8Array<ArrayBuffer>;
}

export interface EventOperations extends LaterOperations {
  /** Hands the realm what the server sent. */
  take(message: Extract<ToWorker, { type: "event" | "answer" }>): void;
}

/** @param bound Cuts a text of the Worker's to size. */
export function eventOperations(
  send: SendToRealm,
  post: Post,
  services: ReadonlySet<string>,
  bound: (text: string) => string,
): EventOperations {
  const asked = new Set<number>();
  const operations: Operations = {
    "event.done": (id, bytes, lends) => {
      const result = needBytes(bytes);
      post({ type: "eventDone", id: needNumber(id), bytes: result, lends: lends === true });
    },
    "event.failed": (id, name, message, text) => {
      const [shortName, shortMessage, log] = [name, message, text].map((each) => bound(needString(each)));
      post({
        type: "eventFailed",
        id: needNumber(id),
        name: shortName as string,
        message: shortMessage as string,
        text: log as string,
      });
    },
    "service.call": (idValue, binding, method, bytes, depthValue) => {
      const id = needNumber(idValue);
      // Functions are found by their tokens.
      const isKnown = services.has(needString(binding)) || String(binding).startsWith(functionMark);
      if (!isKnown) throw new Error(`there is no service ${String(binding)}`);
      const values = needBytes(bytes);
      asked.add(id);
      const call = { id, binding: String(binding), method: needString(method), depth: needNumber(depthValue) };
      post({ type: "call", ...call, bytes: values });
    },
  };
  return {
    operations,
    underWay: () => asked.size,
    take(message) {
      if (message.type === "event") {
        const { id, event, json, bytes, depth = 0 } = message;
        send("event", id, event, json, bytes, depth);
        return;
      }
      asked.delete(message.id);
      send("service.answer", message.id, message.bytes, message.owner, message.name, message.message);
    },
  };
}
