// `routes` and `route`: which requests are a Worker's, where a server has several.
//
// A pattern is a host and a path, as Cloudflare has them: `*` at the host's beginning stands for anything, and so does one at the path's
// end. A scheme before it is allowed and has no effect; a custom domain is a host, with all its paths.
import type { ValuePath } from "./document.ts";
import type { Reader } from "./reader.ts";

export interface Route {
  /** As it was written. */
  readonly pattern: string;
  /** What the host is, or ends with after a `*`. */
  readonly host: string;
  readonly anyHost: boolean;
  /** What the path is, or begins with before a `*`. */
  readonly path: string;
  readonly anyPath: boolean;
  /** FILE:LINE, for a message. */
  readonly place: string;
}

const expected = 'a host and a path, as in "example.com/*", with * at the beginning or the end alone';

function readPattern(reader: Reader, at: ValuePath, value: unknown, isDomain: boolean): Route {
  if (typeof value !== "string") return reader.fail(at, value, expected);
  const found = /^(?:https?:\/\/)?(\*?)([^/*?#]*)(\/[^*?#]*)?(\*?)$/i.exec(value);
  const [, star = "", host = "", path = "", end = ""] = found ?? [];
  if (found === null || (host === "" && star === "") || (path === "" && end !== "")) reader.fail(at, value, expected);
  if (isDomain && (star !== "" || path !== "")) reader.fail(at, value, "a host alone, since it is a custom domain");
  return {
    pattern: value,
    host: host.toLowerCase(),
    anyHost: star !== "",
    path: path === "" ? "/" : path,
    anyPath: end !== "" || isDomain,
    place: reader.place(...at),
  };
}

function readRoute(reader: Reader, at: ValuePath, value: unknown): Route {
  if (typeof value === "string") return readPattern(reader, at, value, false);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return reader.fail(at, value, `${expected}, or a table with pattern`);
  }
  const { pattern, custom_domain: isDomain } = value as { pattern?: unknown; custom_domain?: unknown };
  return readPattern(reader, [...at, "pattern"], pattern, isDomain === true);
}

export function readRoutes(top: Reader): Route[] {
  const { route, routes = [] } = top.table;
  if (!Array.isArray(routes)) return top.fail("routes", routes, 'an array, as in routes = ["example.com/*"]');
  const read = routes.map((value: unknown, index) => readRoute(top, ["routes", index], value));
  return route === undefined ? read : [...read, readRoute(top, ["route"], route)];
}
