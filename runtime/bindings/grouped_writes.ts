// What the threads of Workers ask of the one that has a file of the state folder: all that came in one turn is written together.
import type { MessagePort } from "node:worker_threads";

/** Those with these ids are on the disk, or are not, and will not be, for a reason. */
export interface Grouped {
  readonly ids: readonly number[];
  readonly problem: string | null;
}

interface Asked<Write> {
  readonly port: MessagePort;
  readonly write: Write;
}

export interface GroupedFile<Write> {
  /** All of them or none. */
  write(writes: readonly Write[]): void;
  /** One could not be written, and is given up. */
  failed(error: unknown): void;
  /** For who asked. */
  describe(error: unknown): string;
  /** All that was asked is answered. */
  answered?(): void;
}

export class GroupedWrites<Write extends { readonly id: number }> {
  readonly #file: GroupedFile<Write>;
  #asked: Asked<Write>[] = [];

  constructor(file: GroupedFile<Write>) {
    this.#file = file;
  }

  /** Of a Worker's thread, which sends `Write` and gets `Grouped`. */
  take(port: MessagePort): void {
    port.on("message", (write: Write) => {
      if (this.#asked.length === 0) setImmediate(() => this.flush());
      this.#asked.push({ port, write });
    });
  }

  flush(): void {
    const group = this.#asked;
    this.#asked = [];
    if (group.length === 0) return;
    this.#write(group);
    this.#file.answered?.();
  }

  #write(group: readonly Asked<Write>[]): void {
    try {
      this.#file.write(group.map(({ write }) => write));
      answer(group, null);
    } catch (error) {
      if (group.length > 1) {
        // One that cannot be written takes none of the others with it.
        for (const one of group) this.#write([one]);
        return;
      }
      this.#file.failed(error);
      answer(group, this.#file.describe(error));
    }
  }
}

function answer<Write extends { readonly id: number }>(group: readonly Asked<Write>[], problem: string | null): void {
  for (const [port, ofPort] of Map.groupBy(group, ({ port }) => port)) {
    port.postMessage({ ids: ofPort.map(({ write }) => write.id), problem } satisfies Grouped);
  }
}
