// What `_redirects` and `_headers` of a folder say of a request. They are read again when they have changed.
import path from "node:path";
import { filled, type Parsed, parseHeaders, parseRedirects } from "../config/asset_rules.ts";
import { codeOf } from "../user_error.ts";
import { promises } from "./promises.ts";

interface Kept<Rule> {
  readonly version: string;
  readonly rules: readonly Rule[];
}

/** A function that gives the rules of a folder's file. */
function rulesFile<Rule>(
  name: string,
  parse: (text: string) => Parsed<Rule>,
): (directory: string) => Promise<readonly Rule[]> {
  const kept = new Map<string, Kept<Rule>>();
  return async (directory) => {
    const file = path.join(directory, name);
    try {
      const { mtimeMs, size } = await promises().stat(file);
      const version = `${mtimeMs} ${size}`;
      const known = kept.get(file);
      if (known?.version === version) return known.rules;
      const { rules } = parse(await promises().readFile(file, "utf8"));
      kept.set(file, { version, rules });
      return rules;
    } catch (error) {
      if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return [];
      throw error;
    }
  };
}

const redirectsOf = rulesFile("_redirects", parseRedirects);
const headersOf = rulesFile("_headers", parseHeaders);

export type Redirected = { readonly status: number; readonly location: string } | { readonly path: string };

/** By the first rule that fits. */
export async function redirectFor(directory: string, url: URL): Promise<Redirected | undefined> {
  for (const { from, to, status } of await redirectsOf(directory)) {
    const found = from.exec(url.pathname);
    if (found === null) continue;
    const text = filled(to, found).replace(/^\/+/, "/");
    if (!URL.canParse(text, url)) continue;
    const target = new URL(text, url);
    if (status === 200) return { path: target.pathname };
    const isHere = to.startsWith("/");
    const place = isHere ? target.pathname.replace(/^\/+/, "/") : `${target.origin}${target.pathname}`;
    return { status, location: `${place}${target.search || url.search}${target.hash}` };
  }
  return undefined;
}

type Headers = readonly (readonly [name: string, value: string])[];

/** The headers of an answer with those of the rules that fit: they replace its own, and join where several rules have one. */
export async function withRules(directory: string, url: URL, headers: Headers): Promise<Headers> {
  const rules = await headersOf(directory);
  if (rules.length === 0) return headers;
  const all = new Map<string, string>(headers);
  const byRules = new Set<string>();
  for (const { from, hasHost, set, unset } of rules) {
    const found = from.exec(hasHost ? `${url.hostname}${url.pathname}` : url.pathname);
    if (found === null) continue;
    for (const name of unset) all.delete(name);
    for (const [name, value] of set) {
      const before = byRules.has(name) ? all.get(name) : undefined;
      all.set(name, `${before === undefined ? "" : `${before}, `}${filled(value, found)}`);
      byRules.add(name);
    }
  }
  return [...all];
}
