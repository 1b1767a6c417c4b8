// The answer to a plain request as one text, a byte a character, where it is as plain: whole, small, with a body of bytes.
import http from "node:http";
import type { GuestResponse } from "../pool/exchange.ts";
import { type HeaderText, headerText } from "../worker/header_text.ts";
import { hopHeaders, mostCopied } from "./send_response.ts";

const withoutBody: ReadonlySet<number> = new Set([204, 205, 304]);
const reasonText = /^[\t\x20-\x7e]*$/;
/** Names in lower case and values, each a line. */
const linesText = /^(?:[!#$%&'*+\-.^_`|~0-9a-z]+\n[\t\x20-\x7e\x80-\xff]*(?:\n(?!$)|$))*$/;

/** Writes the answers of one server. */
export class PlainAnswers {
  /** The value of Keep-Alive, which tells clients how long a connection is kept that asks nothing. */
  readonly keepAlive: string;
  readonly #lastLines: string;
  #date = "";
  /** Those of the answer before, which most often are those of the next, and their lines; null where they are not plain. */
  #headers: HeaderText = "";
  #lines: string | null = "";

  constructor(keepAliveMs: number) {
    this.keepAlive = `timeout=${Math.floor(keepAliveMs / 1000)}`;
    this.#lastLines = `Connection: keep-alive\r\nKeep-Alive: ${this.keepAlive}\r\n\r\n`;
  }

  /** Undefined where Node is to write it. */
  write(result: GuestResponse, isLast: boolean): string | undefined {
    const { status, statusText, body } = result;
    if (!(body instanceof Uint8Array) || body.byteLength > mostCopied || result.webSocket !== undefined)
      return undefined;
    const isUsual = Number.isInteger(status) && status >= 200 && status <= 599 && !withoutBody.has(status);
    if (!isUsual || !reasonText.test(statusText)) return undefined;
    const headers = result.headerText ?? headerText(result.headers);
    if (headers !== this.#headers) {
      this.#lines = plainLines(headers);
      this.#headers = headers;
    }
    if (this.#lines === null) return undefined;
    const reason = statusText === "" ? (http.STATUS_CODES[status] ?? "unknown") : statusText;
    const head = `HTTP/1.1 ${status} ${reason}\r\n${this.#lines}content-length: ${body.byteLength}\r\nDate: ${this.#now()}\r\n`;
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    return head + (isLast ? "Connection: close\r\n\r\n" : this.#lastLines) + bytes.toString("latin1");
  }

  #now(): string {
    if (this.#date === "") {
      const now = new Date();
      this.#date = now.toUTCString();
      setTimeout(() => {
        this.#date = "";
      }, 1000 - now.getMilliseconds()).unref();
    }
    return this.#date;
  }
}

/** The headers as lines of a head; null where Node is to look at them. */
function plainLines(headers: HeaderText): string | null {
  if (!linesText.test(headers)) return null;
  let lines = "";
  const parts = headers === "" ? [] : headers.split("\n");
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const [name, value] = [parts[i] as string, parts[i + 1] as string];
    if (name === "date") return null;
    if (!hopHeaders.has(name)) lines += `${name}: ${value}\r\n`;
  }
  return lines;
}
