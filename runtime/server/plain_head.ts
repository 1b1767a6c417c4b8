// The head of a plain request: a GET of HTTP/1.1 with nothing unusual in it, as most are.
//
// It is read by a stricter grammar than HTTP's, and what does not fit is no error: Node's parser decides about it. So no request is
// read here that Node's parser would refuse, or read otherwise.
import type { HeaderText } from "../worker/header_text.ts";
import { hopHeaders } from "./send_response.ts";

export interface PlainHead {
  /** In normal form. */
  readonly url: string;
  /** The path and the query, as they came. */
  readonly target: string;
  readonly headers: HeaderText;
}

/** Longer ones are not plain. */
export const mostHeadBytes = 4096;

/** What a URL in normal form has as it is, but for dots that may be a segment. */
const plainTarget = /^\/(?:[\w\-~!$&()*+,;=:@/?]|(?<!\/)\.|%(?!2[Ee]))*$/;
const plainHost = /^[\w\-.:[\]]+$/;
const headerName = /^[!#$%&'*+\-.^`|~\w]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The names that decide how a message is read, or what becomes of its connection, but for the two that are looked at. */
function isSpecial(name: string): boolean {
  return hopHeaders.has(name) || name === "expect";
}

/** Reads the heads of one connection. A client sends most headers again with each request: they are kept. */
export class PlainHeads {
  /** What came behind the last request line, and what it says. */
  #rest = "";
  #headers: HeaderText = "";
  #origin = "";

  /** @param text all that came, a byte a character; null for what is not a plain head and nothing else */
  read(text: string): PlainHead | null {
    const end = text.indexOf("\r\n");
    if (!text.startsWith("GET /") || !text.endsWith(" HTTP/1.1", end)) return null;
    const target = text.slice("GET ".length, end - " HTTP/1.1".length);
    const rest = text.slice(end);
    if (!plainTarget.test(target) || (rest !== this.#rest && !this.#readHeaders(rest))) return null;
    return { url: this.#origin + target, target, headers: this.#headers };
  }

  /** Whether they are plain. */
  #readHeaders(rest: string): boolean {
    if (rest.indexOf("\r\n\r\n") !== rest.length - 4) return false;
    let host: string | undefined;
    let headers = "";
    for (const line of rest.slice(2, -4).split("\r\n")) {
      const colon = line.indexOf(":");
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).replaceAll(/^[\t ]+|[\t ]+$/g, "");
      if (colon < 0 || !headerName.test(name) || !headerValue.test(value)) return false;
      if (name === "connection") {
        if (value.toLowerCase() !== "keep-alive") return false;
        continue;
      }
      if (isSpecial(name)) return false;
      if (name === "host") {
        if (host !== undefined || !plainHost.test(value)) return false;
        host = value;
      }
      headers += headers === "" ? `${name}\n${value}` : `\n${name}\n${value}`;
    }
    const url = host === undefined ? null : URL.parse(`http://${host}/`);
    if (url === null || url.pathname !== "/") return false;
    this.#rest = rest;
    this.#headers = headers;
    this.#origin = url.origin;
    return true;
  }
}
