// Text that comes in pieces, as lines.

/** Characters after which a line without an end is passed on: a Worker's output must not pile up. */
const maxLine = 64 * 1024;

export class LineSplitter {
  readonly #onLine: (line: string) => void;
  #rest = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() as string;
    for (const line of lines) this.#onLine(line);
    if (this.#rest.length >= maxLine) this.flush();
  }

  /** Passes on what has no end yet. */
  flush(): void {
    if (this.#rest !== "") this.#onLine(this.#rest);
    this.#rest = "";
  }
}
