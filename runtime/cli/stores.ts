// What keeps the values of bindings, for all Workers of a server.
import { KvStore } from "../bindings/kv/store.ts";
import { OpenedStores } from "../bindings/opened_stores.ts";
import { QueueStore } from "../bindings/queues/store.ts";

interface StoreLog {
  warn(text: string): void;
  error(text: string): void;
}

export class Stores {
  readonly kv: OpenedStores<KvStore>;
  readonly queues: OpenedStores<QueueStore>;

  constructor(log: StoreLog) {
    this.kv = new OpenedStores((folder) => KvStore.open(folder, (text) => log.error(text)));
    this.queues = new OpenedStores((folder) => QueueStore.open(folder, log));
  }

  /** When all that was sent is written. */
  async close(): Promise<void> {
    await Promise.all([this.kv.close(), this.queues.close()]);
  }
}
