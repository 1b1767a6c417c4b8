// The stores of one kind that a server has open, one for each state folder.
import path from "node:path";

export class OpenedStores<Store extends { close(): Promise<void> }> {
  readonly #open: (stateFolder: string) => Promise<Store>;
  readonly #stores = new Map<string, Promise<Store>>();

  /** @param open Throws UserError when the folder's file cannot be used. */
  constructor(open: (stateFolder: string) => Promise<Store>) {
    this.#open = open;
  }

  /** Opened once. Throws UserError when the folder's file cannot be used. */
  open(stateFolder: string): Promise<Store> {
    const folder = path.resolve(stateFolder);
    let store = this.#stores.get(folder);
    if (store === undefined) {
      store = this.#open(folder);
      this.#stores.set(folder, store);
    }
    return store;
  }

  /** When all that was sent is written. Those that could not be opened have nothing to close. */
  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#stores.values());
    await Promise.all(opened.map((store) => (store.status === "fulfilled" ? store.value.close() : undefined)));
  }
}
