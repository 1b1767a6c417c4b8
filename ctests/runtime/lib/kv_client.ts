// The store of KV as a Worker's thread uses it: writes by a port, reads on a connection.
import { once } from "node:events";
import type { MessagePort } from "node:worker_threads";
import type { Grouped } from "../../../runtime/bindings/grouped_writes.ts";
import type { Write } from "../../../runtime/bindings/kv/protocol.ts";
import { KvStore } from "../../../runtime/bindings/kv/store.ts";

export type Put = Partial<Pick<Extract<Write, { type: "put" }>, "metadata" | "expiration" | "namespace">>;

export class KvClient {
  readonly store: KvStore;
  readonly port: MessagePort;
  /** Those that a test that failed has left open would hold its process up. */
  static readonly #open = new Set<KvClient>();
  #lastId = 0;
  readonly #pending = new Map<number, PromiseWithResolvers<void>>();

  constructor(store: KvStore) {
    this.store = store;
    this.port = store.newPort();
    KvClient.#open.add(this);
    this.port.on("close", () => KvClient.#open.delete(this));
    this.port.on("message", ({ ids, problem }: Grouped) => {
      for (const id of ids) {
        const pending = this.#pending.get(id);
        this.#pending.delete(id);
        if (problem === null) pending?.resolve();
        else pending?.reject(new Error(problem));
      }
    });
  }

  static async open(folder: string, problems: string[] = []): Promise<KvClient> {
    return new KvClient(await KvStore.open(folder, (text) => problems.push(text)));
  }

  /** Closes all that are open. */
  static async closeAll(): Promise<void> {
    await Promise.all([...KvClient.#open].map((client) => client.close()));
  }

  put(
    key: string,
    value: string | Uint8Array,
    { namespace = "n", metadata = null, expiration = null }: Put = {},
  ): Promise<void> {
    const bytes = typeof value === "string" ? Buffer.from(value) : value;
    return this.#send({
      type: "put",
      id: ++this.#lastId,
      namespace,
      key: Buffer.from(key),
      value: bytes,
      metadata,
      expiration,
    });
  }

  delete(key: string, namespace = "n"): Promise<void> {
    return this.#send({ type: "delete", id: ++this.#lastId, namespace, key: Buffer.from(key) });
  }

  async close(): Promise<void> {
    const closed = once(this.port, "close");
    await this.store.close();
    await closed;
  }

  #send(write: Write): Promise<void> {
    const pending = Promise.withResolvers<void>();
    this.#pending.set(write.id, pending);
    this.port.postMessage(write);
    return pending.promise;
  }
}
