// HTTP as it is on the wire, for tests that look at it.
import net from "node:net";

/** One connection: sends bytes as they are, and reads until what came fits the pattern, or the server ends it. */
export class Raw {
  readonly #socket: net.Socket;
  text = "";
  ended = false;
  #wake: () => void = () => {};

  constructor(url: string) {
    this.#socket = net.connect(Number(new URL(url).port), "127.0.0.1");
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (text: string) => {
      this.text += text;
      this.#wake();
    });
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => {
      this.ended = true;
      this.#wake();
    });
  }

  send(text: string): this {
    this.#socket.write(text, "latin1");
    return this;
  }

  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.text);
      if (match !== null) return match;
      if (this.ended) throw new Error(`the connection ended after ${JSON.stringify(this.text)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async end(): Promise<string> {
    while (!this.ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.text;
  }

  close(): void {
    this.#socket.destroy();
  }
}
