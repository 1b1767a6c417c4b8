// `_redirects` and `_headers` at the top of a folder of assets, in Cloudflare's syntax: https://developers.cloudflare.com/workers/static-assets/
//
// A path may have one `*`, whose text is `:splat`, and names as `:year`, each of which stands for a text without a slash. A line that is wrong is left out
// and told; the others count.

export interface RedirectRule {
  readonly from: RegExp;
  /** A path, or a URL, with names of what `from` found. */
  readonly to: string;
  /** 200: the file at that path is the answer. */
  readonly status: number;
}

export interface HeaderRule {
  /** Of the path, or, for a rule with a host, of host and path. */
  readonly from: RegExp;
  readonly hasHost: boolean;
  readonly set: readonly (readonly [name: string, value: string])[];
  /** Headers that are taken away. */
  readonly unset: readonly string[];
}

export interface Parsed<Rule> {
  readonly rules: readonly Rule[];
  /** A text for each line that is left out, with its number. */
  readonly problems: readonly string[];
}

const mostRedirects = 2100;
const mostHeaderRules = 100;
const mostCharacters = 2000;
const statuses: ReadonlySet<number> = new Set([200, 301, 302, 303, 307, 308]);
/** What the server says of an answer itself. */
const ownHeaders: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "content-range",
  "date",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Throws an Error that says what is wrong. */
function patternOf(text: string): RegExp {
  if (text.split("*").length > 2) throw new Error("there is more than one *");
  const names = new Set<string>();
  const source = text.replace(/\*|:[A-Za-z]\w*|[^*:]+|:/g, (part) => {
    if (part === "*") return "(?<splat>.*)";
    if (!/^:\w/.test(part)) return RegExp.escape(part);
    const name = part.slice(1);
    if (names.has(name) || name === "splat") throw new Error(`the name ${part} is there twice`);
    names.add(name);
    return `(?<${name}>[^/]+)`;
  });
  return new RegExp(`^${source}$`);
}

/** As a URL has it. */
const pathOf = (text: string): string => new URL(text, "http://host").pathname;

function* linesOf(text: string): Generator<{ readonly number: number; readonly line: string }> {
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line !== "" && !line.startsWith("#")) yield { number: index + 1, line };
  }
}

function parseRedirect(line: string): RedirectRule {
  const [from = "", to, code = "302", more] = line.split(/\s+/);
  if (to === undefined || more?.startsWith("#") === false) throw new Error("expected FROM TO, or FROM TO STATUS");
  if (!from.startsWith("/")) throw new Error(`${from} is no path: it has to begin with /`);
  const status = Number(code);
  if (!statuses.has(status)) throw new Error(`${code} is none of ${[...statuses].join(", ")}`);
  const isPath = /^\/(?!\/)/.test(to);
  if (!isPath && !URL.canParse(to.replace(/:[A-Za-z]\w*/g, "a"))) throw new Error(`${to} is neither a path nor a URL`);
  if (!isPath && !/^https?:\/\//.test(to)) throw new Error(`${to} is no URL of http: or https:`);
  if (!isPath && status === 200) throw new Error("200 needs a path of this Worker");
  if (isPath && from === to) throw new Error("it leads to itself");
  return { from: patternOf(pathOf(from)), to, status };
}

export function parseRedirects(text: string): Parsed<RedirectRule> {
  const rules: RedirectRule[] = [];
  const problems: string[] = [];
  for (const { number, line } of linesOf(text)) {
    try {
      if (line.length > mostCharacters) throw new Error(`it has more than ${mostCharacters} characters`);
      if (rules.length === mostRedirects) throw new Error(`there are ${mostRedirects} rules before`);
      rules.push(parseRedirect(line));
    } catch (error) {
      problems.push(`${number}: ${(error as Error).message}`);
    }
  }
  return { rules, problems };
}

interface OpenRule {
  readonly from: RegExp;
  readonly hasHost: boolean;
  readonly set: [string, string][];
  readonly unset: string[];
}

function beginHeaderRule(line: string): OpenRule {
  const [, host = "", rest = ""] = /^https:\/\/([^/]+)(\/.*)?$/.exec(line) ?? [];
  const hasHost = host !== "";
  const path = hasHost ? rest || "/" : line;
  return { from: patternOf(`${host.toLowerCase()}${pathOf(path)}`), hasHost, set: [], unset: [] };
}

function addHeader(rule: OpenRule, line: string): void {
  const [, removed] = /^!\s*(\S+)$/.exec(line) ?? [];
  const [, name = removed ?? "", value = ""] = /^([^\s:]+)\s*:\s*(.*)$/.exec(line) ?? [];
  const lower = name.toLowerCase();
  if (!token.test(name)) throw new Error("expected a path, or NAME: VALUE, or ! NAME");
  if (ownHeaders.has(lower)) throw new Error(`${name} is the server's to say`);
  if (removed !== undefined) rule.unset.push(lower);
  else if (fieldValue.test(value)) rule.set.push([lower, value]);
  else throw new Error(`the value of ${name} cannot be in a header`);
}

export function parseHeaders(text: string): Parsed<HeaderRule> {
  const rules: OpenRule[] = [];
  const problems: string[] = [];
  let current: OpenRule | undefined;
  for (const { number, line } of linesOf(text)) {
    const begins = line.startsWith("/") || line.startsWith("https://");
    try {
      if (line.length > mostCharacters) throw new Error(`it has more than ${mostCharacters} characters`);
      if (begins) {
        current = undefined;
        if (rules.length === mostHeaderRules) throw new Error(`there are ${mostHeaderRules} rules before`);
        current = beginHeaderRule(line);
        rules.push(current);
      } else if (current === undefined) {
        throw new Error("there is no path above it");
      } else {
        addHeader(current, line);
      }
    } catch (error) {
      problems.push(`${number}: ${(error as Error).message}`);
    }
  }
  return { rules, problems };
}

/** A text of a rule with what its pattern has found. */
export function filled(text: string, found: RegExpExecArray): string {
  return text.replace(/:([A-Za-z]\w*)/g, (whole, name: string) => found.groups?.[name] ?? whole);
}
