// What a realm asks the host to compute: randomness and URLs.
import { loadAddon } from "../../addon.ts";
import { needNumber, needString, type Operations } from "./operations.ts";

const mostRandomBytes = 65536;
const urlParts = [
  "protocol",
  "username",
  "password",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
] as const;
type UrlPart = (typeof urlParts)[number];

/** The parts of a URL as JSON: strings only. */
function describeUrl(url: URL): string {
  const parts: { [part: string]: string } = { href: url.href, origin: url.origin };
  for (const part of urlParts) parts[part] = url[part];
  return JSON.stringify(parts);
}

export const valueOperations: Operations = {
  random: (sizeValue) => {
    const size = needNumber(sizeValue);
    if (!Number.isInteger(size) || size < 0 || size > mostRandomBytes) throw new RangeError("too many random bytes");
    return loadAddon().randomBytes(size);
  },
  "url.parse": (text, base) => {
    const url = URL.parse(needString(text), base === null ? undefined : needString(base));
    return url === null ? null : describeUrl(url);
  },
  "url.set": (href, part, value) => {
    if (!urlParts.includes(part as UrlPart)) throw new TypeError("unknown part of a URL");
    const url = new URL(needString(href));
    url[part as UrlPart] = needString(value);
    return describeUrl(url);
  },
};
