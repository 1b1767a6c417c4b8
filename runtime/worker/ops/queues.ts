// Queues for a realm: messages are sent when they are on the disk.
import type { Grouped } from "../../bindings/grouped_writes.ts";
import { checkMessages, type Described } from "../../bindings/queues/limits.ts";
import type { Send } from "../../bindings/queues/protocol.ts";
import type { QueueOptions } from "../protocol.ts";
import { type LaterOperations, needNumber, needString, type SendToRealm } from "./operations.ts";

/** Calls of a Worker's whose messages are not on the disk yet. */
const mostUnderWay = 10_000;

export function queueOperations(send: SendToRealm, { producers, port }: QueueOptions): LaterOperations {
  const underWay = new Set<number>();
  let lost = false;
  const told = ({ ids, problem }: Grouped): void => {
    for (const id of ids) {
      underWay.delete(id);
      send("queue.sent", id, problem);
    }
  };
  port.on("message", told);
  port.on("close", () => {
    lost = true;
    told({ ids: [...underWay], problem: "the thread that keeps queues has ended" });
  });
  // A Worker's thread goes on as long as the server wants it to.
  port.unref();
  return {
    operations: {
      "queue.send": (idValue, bindingValue, json, bytes) => {
        const id = needNumber(idValue);
        const binding = needString(bindingValue);
        const producer = Object.hasOwn(producers, binding) ? producers[binding] : undefined;
        if (producer === undefined) throw new Error(`there is no queue ${binding}`);
        if (!(bytes instanceof Uint8Array)) throw new TypeError("expected bytes");
        const messages = checkMessages(JSON.parse(needString(json)) as Described[], bytes, producer.delaySeconds);
        if (lost) throw new Error("Queue: nothing can be sent, since the thread that keeps queues has ended");
        if (underWay.size >= mostUnderWay) {
          throw new Error(`Queue: ${mostUnderWay} calls wait to be written; await some of them before others`);
        }
        underWay.add(id);
        port.postMessage({ id, queue: producer.queue, messages } satisfies Send);
      },
    },
    underWay: () => underWay.size,
    end: () => port.close(),
  };
}
