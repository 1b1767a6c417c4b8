// HTTP as it is on the wire, for tests that look at it.
import net from "node:net";

/** One connection: sends bytes as they are, and reads until what came fits the pattern, or the server ends it. */
export class Raw {
  readonly #socket: net.Socket;
  text = "";
  ended = false;
  /** What it failed with. */
  failure: Error | undefined;
  #wake: () => void = () => {};

  /** @param allowHalfOpen whether its side stays open when the server's is closed */
  constructor(url: string, allowHalfOpen = false) {
    this.#socket = net.connect({ port: Number(new URL(url).port), host: "127.0.0.1", allowHalfOpen });
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (text: string) => {
      this.text += text;
      this.#wake();
    });
    this.#socket.on("error", (error) => {
      this.failure = error;
    });
    this.#socket.on("close", () => {
      this.ended = true;
      this.#wake();
    });
  }

  send(text: string): this {
    this.#socket.write(text, "latin1");
    return this;
  }

  /** Reads nothing until all that was sent has left. */
  async sendBeforeReading(text: string): Promise<this> {
    this.#socket.pause();
    await new Promise((resolve) => this.#socket.write(text, "latin1", resolve));
    this.#socket.resume();
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
