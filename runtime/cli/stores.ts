// What keeps the values of bindings, for all Workers of a server.
import { KvStore } from "../bindings/kv/store.ts";
import { OpenedStores } from "../bindings/opened_stores.ts";
import { QueueStore } from "../bindings/queues/store.ts";
import { usesQueues } from "../config/queues.ts";
import type { WorkerConfig } from "../config/wrangler.ts";

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

  /** Those in a folder that a Worker's bindings need. Throws UserError when a file cannot be used. */
  async openFor(
    { kv, queues }: Pick<WorkerConfig, "kv" | "queues">,
    folder: string,
  ): Promise<{ readonly kv: KvStore | undefined; readonly queues: QueueStore | undefined }> {
    return {
      kv: Object.keys(kv).length > 0 ? await this.kv.open(folder) : undefined,
      queues: usesQueues(queues) ? await this.queues.open(folder) : undefined,
    };
  }

  /** When all that was sent is written. */
  async close(): Promise<void> {
    await Promise.all([this.kv.close(), this.queues.close()]);
  }
}
