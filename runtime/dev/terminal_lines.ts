// Lines that are typed, for who asks for them, in the order in which they ask. Nothing is read before.

import { createInterface, type Interface } from "node:readline";
import type { Readable } from "node:stream";

export class TerminalLines {
  readonly #input: Readable;
  #reader: Interface | undefined;
  #hasEnded = false;
  readonly #lines: string[] = [];
  readonly #waiting: ((line: string | null) => void)[] = [];

  constructor(input: Readable) {
    this.#input = input;
  }

  /** With its end; null when there are no more. */
  line(): Promise<string | null> {
    this.#reader ??= this.#open();
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.#hasEnded) return Promise.resolve(null);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #open(): Interface {
    // Ctrl-C stays a signal.
    const reader = createInterface({ input: this.#input, terminal: false });
    reader.on("line", (text) => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#lines.push(`${text}\n`);
      else next(`${text}\n`);
    });
    reader.on("close", () => {
      this.#hasEnded = true;
      for (const resolve of this.#waiting.splice(0)) resolve(null);
    });
    return reader;
  }

  close(): void {
    this.#reader?.close();
    this.#input.destroy();
  }
}
