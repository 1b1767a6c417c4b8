// [blockon.outbound] and [blockon.services]: where a Worker may connect to, and what its requests go through.
import { loadAddon, type OutboundRules } from "../addon.ts";
import { UserError } from "../user_error.ts";
import type { Reader } from "./reader.ts";

/** Bindings and the origins of their servers. */
export type Services = { readonly [name: string]: string };

export interface Outbound {
  readonly rules: OutboundRules | undefined;
  readonly fetch: boolean | string;
  readonly warnings: readonly string[];
}

const knownKeys = new Set(["allow", "deny", "fetch"]);

function readFetch(reader: Reader, services: Services): boolean | string {
  const value = reader.table.fetch ?? false;
  if (typeof value === "boolean" || (typeof value === "string" && Object.hasOwn(services, value))) return value;
  return reader.fail("fetch", value, "true, false or the name of one of [blockon.services]");
}

/** @param blockon The table [blockon]. */
export function readOutbound(blockon: Reader, services: Services): Outbound {
  if (blockon.table.outbound === undefined) return { rules: undefined, fetch: false, warnings: [] };
  const reader = blockon.subtable("outbound", "a table with allow, deny and fetch");
  const expected = 'an array of rules, as in deny = ["private"]';
  const rules = { allow: reader.strings("allow", expected), deny: reader.strings("deny", expected) };
  try {
    loadAddon().checkOutboundRules(rules);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UserError(`${reader.place()}: [blockon.outbound]: ${error.message}.`, { cause: error });
  }
  return { rules, fetch: readFetch(reader, services), warnings: reader.unknownKeys(knownKeys) };
}

/** @param vars The table [vars], whose names are taken. */
export function readServices(blockon: Reader, vars: Reader): Services {
  const reader = blockon.subtable("services", "a table of bindings and the URLs of their servers");
  const origins = Object.keys(reader.table).map((name): [string, string] => {
    const value = reader.table[name];
    if (Object.hasOwn(vars.table, name)) reader.fail(name, value, "a name that [vars] has not");
    const expected = 'the URL of a server, without a path, as in "http://127.0.0.1:9000"';
    const url = URL.parse(reader.string(name, expected));
    if (url === null || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
      return reader.fail(name, value, expected);
    }
    return [name, url.origin];
  });
  return Object.fromEntries(origins);
}
