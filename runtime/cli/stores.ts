// What keeps the values of bindings, for all Workers of a server.
import { KvStores } from "../bindings/kv/store.ts";
import { QueueStores } from "../bindings/queues/store.ts";

interface StoreLog {
  warn(text: string): void;
  error(text: string): void;
}

export class Stores {
  readonly kv: KvStores;
  readonly queues: QueueStores;

  constructor(log: StoreLog) {
    this.kv = new KvStores((text) => log.error(text));
    this.queues = new QueueStores(log);
  }

  /** When all that was sent is written. */
  async close(): Promise<void> {
    await Promise.all([this.kv.close(), this.queues.close()]);
  }
}
