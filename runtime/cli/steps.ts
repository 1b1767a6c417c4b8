// The steps of a command that takes seconds: on a terminal the present one with its time, in a log one line for each that is done.
import type { WriteStream } from "node:tty";

const intervalMs = 100;
const clearLine = "\r\u001b[K";

export class Steps {
  readonly #stream: WriteStream;
  #name = "";
  #begin = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  /** The one before is done. */
  begin(name: string): void {
    this.end();
    this.#name = name;
    this.#begin = performance.now();
    if (!this.#stream.isTTY) return;
    this.#show();
    this.#timer = setInterval(() => this.#show(), intervalMs);
    this.#timer.unref();
  }

  /** A line beside the steps. */
  line(text: string): void {
    this.#stream.write(`${this.#stream.isTTY ? clearLine : ""}${text}\n`);
    if (this.#timer !== undefined) this.#show();
  }

  end(): void {
    this.#close("");
  }

  fail(): void {
    this.#close(", and failed");
  }

  #text(): string {
    return `${this.#name} ... ${((performance.now() - this.#begin) / 1000).toFixed(1)} s`;
  }

  #show(): void {
    this.#stream.write(`${clearLine}${this.#text()}`);
  }

  #close(how: string): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#name === "") return;
    this.#stream.write(`${this.#stream.isTTY ? clearLine : ""}${this.#text()}${how}\n`);
    this.#name = "";
  }
}
