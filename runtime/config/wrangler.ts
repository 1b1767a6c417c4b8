// Reads a Worker's wrangler.toml: the keys this runtime serves by, checked; the others kept and warned about.
//
// The file is Cloudflare's format. One table is ours, [blockon], which `wrangler` warns about and ignores.
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { parse, TomlError } from "smol-toml";
import { loadAddon, type OutboundRules } from "../addon.ts";
import { aPositiveInteger, isFiberLimit } from "../max_fibers.ts";
import { codeOf, kindOf, messageOf, UserError } from "../user_error.ts";
import { resolveCompatibility } from "./compatibility.ts";

export const configFileName = "wrangler.toml";

/** What a variable of [vars] may hold: what JSON holds. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

export interface WorkerConfig {
  readonly name: string;
  /** Relative to the Worker's folder, with forward slashes, never above it. */
  readonly main: string;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  /** Features that are on: resolveCompatibility of the two above. */
  readonly features: ReadonlySet<string>;
  /** [vars]: bindings of `env`. */
  readonly vars: { readonly [name: string]: JsonValue };
  /** [blockon] dev_upstream: a module of the Worker's folder that `serve` starts beside it. */
  readonly devUpstream: string | undefined;
  /** [blockon] max_fibers: how many fibers of the Worker may be alive at the same time. */
  readonly maxFibers: number | undefined;
  /** [blockon] preempt_tasks: whether time slices go for tasks as for threads. */
  readonly preemptTasks: boolean;
  /** [blockon.outbound]: where the Worker may connect to; undefined for anywhere. */
  readonly outbound: OutboundRules | undefined;
  /** [blockon.services]: the bindings of `env` that send their requests to a server, and its URL. */
  readonly services: { readonly [name: string]: string };
  /** [blockon.outbound] fetch: HTTP clients go through `fetch`; by a name, they and `fetch` go to that service. */
  readonly outboundFetch: boolean | string;
  /** [blockon] deadlock_warning_seconds: how long all tasks wait, with nothing under way, before the log says so; 0 for never. */
  readonly deadlockWarningSeconds: number;
  /** [blockon] thread_grace_seconds: how long a thread may go on when its request has ended; 0 for as long as it likes. */
  readonly threadGraceSeconds: number;
  /** Keys this runtime does not know, as they were read. */
  readonly rest: { readonly [key: string]: unknown };
  /** One line for each unknown key. */
  readonly warnings: readonly string[];
  readonly folder: string;
  readonly file: string;
}

type Table = { [key: string]: unknown };

const knownKeys = new Set(["name", "main", "compatibility_date", "compatibility_flags", "vars", "blockon"]);
export const defaultDeadlockWarningSeconds = 5;
export const defaultThreadGraceSeconds = 30;
const knownBlockonKeys = new Set([
  "deadlock_warning_seconds",
  "dev_upstream",
  "max_fibers",
  "outbound",
  "preempt_tasks",
  "services",
  "thread_grace_seconds",
]);
const knownOutboundKeys = new Set(["allow", "deny", "fetch"]);

class Reader {
  readonly file: string;
  readonly table: Table;

  constructor(file: string, table: Table) {
    this.file = file;
    this.table = table;
  }

  fail(key: string, found: unknown, expected: string): never {
    const what = found === undefined ? `the key "${key}" is missing` : `"${key}" is ${kindOf(found, "a table")}`;
    throw new UserError(`${this.file}: ${what}; expected ${expected}.`);
  }

  string(key: string, expected: string): string {
    const value = this.table[key];
    if (typeof value !== "string" || value === "") this.fail(key, value, expected);
    return value;
  }

  strings(key: string, expected: string): string[] {
    const value = this.table[key];
    if (value === undefined) return [];
    if (!Array.isArray(value)) this.fail(key, value, expected);
    const wrong = value.findIndex((item) => typeof item !== "string");
    if (wrong >= 0) this.fail(`${key}[${wrong}]`, value[wrong], "a string");
    return value as string[];
  }

  /** At most a day. */
  seconds(key: string, without: number): number {
    const value = this.table[key] ?? without;
    if (typeof value !== "number" || !(value >= 0 && value <= 86_400)) {
      this.fail(key, value, "a number of seconds from 0 to 86400");
    }
    return value;
  }

  subtable(key: string, expected: string): Table {
    const value = this.table[key];
    if (value === undefined) return {};
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Date) {
      this.fail(key, value, expected);
    }
    return value as Table;
  }
}

function readMaxFibers(reader: Reader): number | undefined {
  const value = reader.table.max_fibers;
  if (value === undefined || isFiberLimit(value)) return value;
  return reader.fail("max_fibers", value, `${aPositiveInteger}, as in max_fibers = 1000`);
}

function readPreemptTasks(reader: Reader): boolean {
  const value = reader.table.preempt_tasks ?? false;
  return typeof value === "boolean" ? value : reader.fail("preempt_tasks", value, "true or false");
}

interface Outbound {
  readonly rules: OutboundRules | undefined;
  readonly fetch: boolean | string;
  readonly unknown: readonly string[];
}

function readOutbound(reader: Reader, services: { readonly [name: string]: string }): Outbound {
  if (reader.table.outbound === undefined) return { rules: undefined, fetch: false, unknown: [] };
  const table = reader.subtable("outbound", "a table with allow, deny and fetch");
  const lists = new Reader(reader.file, table);
  const expected = 'an array of rules, as in deny = ["private"]';
  const rules = { allow: lists.strings("allow", expected), deny: lists.strings("deny", expected) };
  try {
    loadAddon().checkOutboundRules(rules);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UserError(`${reader.file}: [blockon.outbound]: ${error.message}.`, { cause: error });
  }
  return {
    rules,
    fetch: readOutboundFetch(lists, services),
    unknown: Object.keys(table).filter((key) => !knownOutboundKeys.has(key)),
  };
}

function readOutboundFetch(reader: Reader, services: { readonly [name: string]: string }): boolean | string {
  const value = reader.table.fetch ?? false;
  if (typeof value === "boolean" || (typeof value === "string" && Object.hasOwn(services, value))) return value;
  return reader.fail("fetch", value, "true, false or the name of one of [blockon.services]");
}

function readServices(reader: Reader, vars: Table): { readonly [name: string]: string } {
  const table = reader.subtable("services", "a table of bindings and the URLs of their servers");
  const urls = new Reader(reader.file, table);
  const origins = Object.keys(table).map((name): [string, string] => {
    if (Object.hasOwn(vars, name)) urls.fail(name, table[name], "a name that [vars] has not");
    const expected = 'the URL of a server, without a path, as in "http://127.0.0.1:9000"';
    const url = URL.parse(urls.string(name, expected));
    if (url === null || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
      return urls.fail(name, table[name], expected);
    }
    return [name, url.origin];
  });
  return Object.fromEntries(origins);
}

/** A path of the Worker's folder that stays in it. */
function insidePath(reader: Reader, key: string, value: string): string {
  const normal = path.posix.normalize(value.replaceAll("\\", "/"));
  if (path.posix.isAbsolute(normal) || normal === ".." || normal.startsWith("../")) {
    reader.fail(key, value, "a path inside the Worker's folder");
  }
  return normal;
}

function readDate(reader: Reader, today: string): string {
  const value = reader.table.compatibility_date;
  const expected = `a date that the Worker is compatible with, as in compatibility_date = "${today}"`;
  if (value === undefined) reader.fail("compatibility_date", value, expected);
  const text = value instanceof Date ? value.toISOString() : value;
  if (typeof text !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    reader.fail("compatibility_date", text, `YYYY-MM-DD, as in "${today}"`);
  }
  const date = new Date(`${text}T00:00:00Z`);
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text) {
    reader.fail("compatibility_date", text, "a day of the calendar");
  }
  if (text > today) reader.fail("compatibility_date", text, `a date not after today, ${today}`);
  return text;
}

function checkJson(reader: Reader, key: string, value: unknown): JsonValue {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((item, index) => checkJson(reader, `${key}[${index}]`, item));
  if (typeof value === "object" && !(value instanceof Date)) {
    return Object.fromEntries(
      Object.entries(value as Table).map(([name, item]) => [name, checkJson(reader, `${key}.${name}`, item)]),
    );
  }
  return reader.fail(key, value, "a string, a finite number, a boolean, an array or a table");
}

function parseToml(text: string, file: string): Table {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n", 1)[0]?.replace(/^Invalid TOML document: /, "");
    throw new UserError(`${file}:${error.line}:${error.column}: this is not valid TOML: ${reason}`, {
      detail: error.codeblock.trimEnd(),
      cause: error,
    });
  }
}

/**
 * The configuration in the text of a wrangler.toml.
 * @param today The newest compatibility date that is accepted.
 */
export function parseWorkerConfig(text: string, file: string, today: string): WorkerConfig {
  const table = parseToml(text, file);
  const reader = new Reader(file, table);
  const name = reader.string("name", 'the Worker\'s name, as in name = "my-worker"');
  if (!/^[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62}$/.test(name)) {
    reader.fail("name", name, "up to 63 letters, digits, - and _, not beginning with -");
  }
  const main = insidePath(reader, "main", reader.string("main", 'the file to run, as in main = "src/entry.py"'));
  if (!main.endsWith(".py")) reader.fail("main", main, "a Python file (.py)");
  const compatibilityDate = readDate(reader, today);
  const compatibilityFlags = reader.strings("compatibility_flags", "an array of strings");
  const vars = reader.subtable("vars", "a table of the Worker's variables");
  const ours = new Reader(file, reader.subtable("blockon", "a table of this runtime's settings"));
  const upstream = ours.table.dev_upstream;
  const devUpstream =
    upstream === undefined
      ? undefined
      : insidePath(ours, "dev_upstream", ours.string("dev_upstream", 'a module, as in dev_upstream = "upstream.mjs"'));
  const deadlockWarningSeconds = ours.seconds("deadlock_warning_seconds", defaultDeadlockWarningSeconds);
  const threadGraceSeconds = ours.seconds("thread_grace_seconds", defaultThreadGraceSeconds);
  const services = readServices(ours, vars);
  const outbound = readOutbound(ours, services);
  const unknown = Object.keys(table).filter((key) => !knownKeys.has(key));
  const unknownOurs = Object.keys(ours.table).filter((key) => !knownBlockonKeys.has(key));
  return {
    name,
    main,
    compatibilityDate,
    compatibilityFlags,
    features: resolveCompatibility(compatibilityDate, compatibilityFlags, file),
    vars: Object.fromEntries(
      Object.entries(vars).map(([key, value]) => [key, checkJson(reader, `vars.${key}`, value)]),
    ),
    devUpstream,
    maxFibers: readMaxFibers(ours),
    preemptTasks: readPreemptTasks(ours),
    outbound: outbound.rules,
    services,
    outboundFetch: outbound.fetch,
    deadlockWarningSeconds,
    threadGraceSeconds,
    rest: Object.fromEntries(unknown.map((key) => [key, table[key]])),
    warnings: [
      ...unknown,
      ...unknownOurs.map((key) => `blockon.${key}`),
      ...outbound.unknown.map((key) => `blockon.outbound.${key}`),
    ].map((key) => `${file}: the key "${key}" is not known to this runtime and has no effect here`),
    folder: path.dirname(file),
    file,
  };
}

/** The day it is, in UTC. */
export function todayUtc(): string {
  return new Date().toISOString().slice(0, 10);
}

function readConfigText(folder: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) !== "ENOENT") {
      throw new UserError(`${file}: cannot be read: ${messageOf(error)}`, { cause: error });
    }
    if (!existsSync(folder)) throw new UserError(`${folder}: there is no such folder. Give the folder of a Worker.`);
    const other = ["wrangler.json", "wrangler.jsonc"].find((name) => existsSync(path.join(folder, name)));
    const advice =
      other === undefined
        ? `Give the folder of a Worker, or make ${configFileName} there with name, main, compatibility_date and compatibility_flags.`
        : `There is a ${other}, which this runtime does not read: write its keys as ${configFileName}.`;
    throw new UserError(`${folder}: no ${configFileName} in this folder. ${advice}`);
  }
}

/** The configuration of the Worker in a folder; its main file exists. */
export function readWorkerConfig(folder: string, today: string = todayUtc()): WorkerConfig {
  const root = path.resolve(folder);
  const file = path.join(root, configFileName);
  const config = parseWorkerConfig(readConfigText(root, file), file, today);
  for (const [key, name] of [
    ["main", config.main],
    ["dev_upstream", config.devUpstream],
  ] as const) {
    if (name === undefined) continue;
    const found = statSync(path.join(root, name), { throwIfNoEntry: false });
    if (found?.isFile()) continue;
    const what = found === undefined ? "does not exist" : "is not a file";
    throw new UserError(`${file}: "${key}" names ${name}, which ${what} in ${root}. Make the file or change the key.`);
  }
  return config;
}
