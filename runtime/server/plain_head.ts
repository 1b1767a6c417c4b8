// The head of a plain request: a GET of HTTP/1.1, or one with a small body of known length, with nothing unusual in it, as most are.
//
// It is read by a stricter grammar than HTTP's, and what does not fit is no error: Node's parser decides about it. So no request is
// read here that Node's parser would refuse, or read otherwise.
import { type HeaderText, headerText } from "../worker/header_text.ts";
import { clientHeader, type Peer, toldPairs } from "./peer.ts";
import type { Proxies } from "./proxies.ts";
import { hopHeaders } from "./send_response.ts";

export interface PlainHead {
  readonly method: string;
  /** In normal form. */
  readonly url: string;
  /** The path and the query, as they came. */
  readonly target: string;
  readonly headers: HeaderText;
  readonly client: Peer;
  /** Bytes of the head, and of the body behind it. */
  readonly size: number;
  readonly bodySize: number;
}

/** Longer ones are not plain. */
export const mostHeadBytes = 4096;
const methodsWithBody: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** What a URL in normal form has as it is, but for dots that may be a segment. */
const plainTarget = /^\/(?:[\w\-~!$&()*+,;=:@/?]|(?<!\/)\.|%(?!2[Ee]))*$/;
const plainHost = /^[\w\-.:[\]]+$/;
const plainLength = /^\d{1,6}$/;
const headerName = /^[!#$%&'*+\-.^`|~\w]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The names that decide how a message is read, or what becomes of its connection, but for the three that are looked at. */
function isSpecial(name: string): boolean {
  return hopHeaders.has(name) || name === "expect";
}

/** Reads the heads of one connection. A client sends most headers again with each request: they are kept. */
export class PlainHeads {
  /** What came behind the last request line, and what it says. */
  #rest = "";
  #headers: HeaderText = "";
  #origin = "";
  #client: Peer;
  /** What Content-Length says. */
  #bodySize: number | undefined;
  readonly #peer: Peer;
  /** Where the peer is one that is trusted. */
  readonly #proxies: Proxies | undefined;

  constructor(peer: Peer, proxies: Proxies | undefined) {
    this.#peer = peer;
    this.#client = peer;
    this.#proxies = proxies?.trusts(peer.address) === true ? proxies : undefined;
  }

  /** @param text what came, from its begin to behind the head, a byte a character; null for what does not begin with a plain head */
  read(text: string): PlainHead | null {
    const end = text.indexOf("\r\n");
    const space = text.indexOf(" /");
    if (space < 0 || space > end || !text.endsWith(" HTTP/1.1", end)) return null;
    const method = text.slice(0, space);
    const hasBody = method !== "GET";
    if (hasBody && !methodsWithBody.has(method)) return null;
    const target = text.slice(space + 1, end - " HTTP/1.1".length);
    const size = text.indexOf("\r\n\r\n", end) + 4;
    if (size < 4) return null;
    const rest = text.slice(end, size);
    if (!plainTarget.test(target) || (rest !== this.#rest && !this.#readHeaders(rest))) return null;
    // A body that has no length is none, or one whose end only Node's parser finds.
    if (hasBody === (this.#bodySize === undefined)) return null;
    const url = this.#origin + target;
    const bodySize = this.#bodySize ?? 0;
    return { method, url, target, headers: this.#headers, client: this.#client, size, bodySize };
  }

  /** Whether they are plain. */
  #readHeaders(rest: string): boolean {
    let bodySize: number | undefined;
    let host: string | undefined;
    const pairs: [string, string][] = [];
    for (const line of rest.slice(2, -4).split("\r\n")) {
      const colon = line.indexOf(":");
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).replaceAll(/^[\t ]+|[\t ]+$/g, "");
      if (colon < 0 || !headerName.test(name) || !headerValue.test(value)) return false;
      if (name === "connection") {
        if (value.toLowerCase() !== "keep-alive") return false;
        continue;
      }
      if (name === "content-length") {
        if (bodySize !== undefined || !plainLength.test(value)) return false;
        bodySize = Number(value);
      } else if (isSpecial(name)) return false;
      if (name === "host") {
        if (host !== undefined || !plainHost.test(value)) return false;
        host = value;
      }
      if (name !== clientHeader) pairs.push([name, value]);
    }
    if (host === undefined) return false;
    const forwarded = this.#proxies?.read(this.#peer, pairs);
    const url = URL.parse(`${forwarded?.scheme ?? "http"}://${forwarded?.host ?? host}/`);
    if (url === null || url.pathname !== "/") return false;
    const client = forwarded?.client ?? this.#peer;
    this.#rest = rest;
    this.#client = client;
    this.#headers = headerText(toldPairs(pairs, client, forwarded?.host));
    this.#origin = url.origin;
    this.#bodySize = bodySize;
    return true;
  }
}
