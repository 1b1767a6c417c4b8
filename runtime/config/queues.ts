// [[queues.producers]]: bindings of `env` that send messages. [[queues.consumers]]: queues whose messages the Worker's handler is given.
import { mostDelaySeconds } from "../bindings/queues/limits.ts";
import { UserError } from "../user_error.ts";
import type { BindingNames } from "./binding_names.ts";
import type { Reader } from "./reader.ts";

export interface QueueProducer {
  readonly queue: string;
  /** Of messages that have no delay of their own. */
  readonly delaySeconds: number;
}

export interface QueueConsumer {
  readonly queue: string;
  readonly maxBatchSize: number;
  readonly maxBatchTimeout: number;
  readonly maxRetries: number;
  readonly maxConcurrency: number;
  /** In seconds. */
  readonly retryDelay: number;
  readonly deadLetterQueue: string | undefined;
  /** FILE:LINE, for a message. */
  readonly place: string;
}

export interface Queues {
  /** By the names of bindings. */
  readonly producers: { readonly [name: string]: QueueProducer };
  readonly consumers: readonly QueueConsumer[];
}

/** `remote` is about Cloudflare's own queues. */
const producerKeys = new Set(["binding", "queue", "delivery_delay", "remote"]);
const consumerKeys = new Set([
  ...["queue", "type", "max_batch_size", "max_batch_timeout", "max_retries", "max_concurrency", "retry_delay"],
  "dead_letter_queue",
]);

const producerExample =
  'an array of tables with binding and queue, as in [[queues.producers]] binding = "JOBS" queue = "jobs"';
const consumerExample = 'an array of tables with queue, as in [[queues.consumers]] queue = "jobs"';

function readName(reader: Reader, key: string): string {
  const name = reader.string(key, "the name of a queue");
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
    reader.fail(key, name, 'up to 63 small letters, digits and "-", which is neither the first nor the last');
  }
  return name;
}

function readConsumer(reader: Reader): QueueConsumer {
  const { type = "worker", dead_letter_queue: dead } = reader.table;
  if (type !== "worker") reader.fail("type", type, '"worker": here nobody can take messages over HTTP');
  return {
    queue: readName(reader, "queue"),
    maxBatchSize: reader.integer("max_batch_size", 10, 1, 100),
    maxBatchTimeout: reader.integer("max_batch_timeout", 5, 0, 60),
    maxRetries: reader.integer("max_retries", 3, 0, 100),
    maxConcurrency: reader.integer("max_concurrency", 1, 1, 250),
    retryDelay: reader.integer("retry_delay", 0, 0, mostDelaySeconds),
    deadLetterQueue: dead === undefined ? undefined : readName(reader, "dead_letter_queue"),
    place: reader.place("queue"),
  };
}

/** @returns The queues, and a line for each unknown key. */
export function readQueues(top: Reader, names: BindingNames): { queues: Queues; warnings: string[] } {
  const reader = top.subtable("queues", "a table with producers and consumers");
  const warnings = reader.unknownKeys(new Set(["producers", "consumers"]));
  const producers = reader.subtables("producers", producerExample).map((each): [string, QueueProducer] => {
    const binding = each.string("binding", 'the name that `env` has for it, as in binding = "JOBS"');
    names.take(each, "binding", binding, "a queue");
    warnings.push(...each.unknownKeys(producerKeys));
    const delaySeconds = each.integer("delivery_delay", 0, 0, mostDelaySeconds);
    return [binding, { queue: readName(each, "queue"), delaySeconds }];
  });
  const consumers = reader.subtables("consumers", consumerExample).map((each) => {
    warnings.push(...each.unknownKeys(consumerKeys));
    return readConsumer(each);
  });
  const taken = new Set<string>();
  for (const { queue, deadLetterQueue, place } of consumers) {
    if (taken.has(queue))
      throw new UserError(`${place}: the queue ${queue} has a consumer above. Take one of them out.`);
    if (deadLetterQueue === queue) {
      throw new UserError(
        `${place}: "dead_letter_queue" is ${queue} itself: its messages would never end. Name another.`,
      );
    }
    taken.add(queue);
  }
  return { queues: { producers: Object.fromEntries(producers), consumers }, warnings };
}

/** Whether it sends or takes messages. */
export function usesQueues({ producers, consumers }: Queues): boolean {
  return consumers.length > 0 || Object.keys(producers).length > 0;
}

/** Throws UserError where two of the Workers take the messages of one queue. */
export function checkConsumers(workers: readonly { readonly name: string; readonly queues: Queues }[]): void {
  const taken = new Map<string, string>();
  for (const { name, queues } of workers) {
    for (const { queue, place } of queues.consumers) {
      const other = taken.get(queue);
      if (other !== undefined) {
        throw new UserError(
          `${place}: the Worker ${other} takes the messages of the queue ${queue} already; a queue has one consumer.`,
        );
      }
      taken.set(queue, name);
    }
  }
}
