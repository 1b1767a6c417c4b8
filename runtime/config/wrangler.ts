// Reads a Worker's wrangler.toml, .json or .jsonc: the keys this runtime serves by, checked; the others kept and warned about.
//
// The file is Cloudflare's format. One table is ours, [blockon] (blockon_table.ts).
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { SnapshotPlace } from "../addon.ts";
import { UserError } from "../user_error.ts";
import { type Parsed, parseHeaders, parseRedirects } from "./asset_rules.ts";
import { type Bindings, bindingKeys, readBindings } from "./bindings.ts";
import { type BlockonSettings, readBlockonTable } from "./blockon_table.ts";
import { type Compatibility, resolveCompatibility } from "./compatibility.ts";
import { findConfigFile, parseDocument, readDocument } from "./config_file.ts";
import { isDay, todayUtc } from "./dates.ts";
import type { ConfigDocument } from "./document.ts";
import { environmentOf } from "./environment.ts";
import { insidePath } from "./inside_path.ts";
import { choosePython, type PythonChoice } from "./python_choice.ts";
import { Reader } from "./reader.ts";
import { readSecrets, type Secrets } from "./secrets.ts";

export interface WorkerConfig extends BlockonSettings, Bindings {
  /** Of .dev.vars or .env: bindings of `env`, in place of variables of the same name. Not for any message. */
  readonly secrets: Secrets;
  /** The files that the secrets come from. */
  readonly secretFiles: readonly string[];
  readonly name: string;
  /** Relative to the Worker's folder, with forward slashes, never above it. */
  readonly main: string;
  /** What is on by its date and flags. */
  readonly compatibility: Compatibility;
  /** The Python that it runs on. */
  readonly python: PythonChoice;
  /** Keys this runtime does not know, as they were read. */
  readonly rest: { readonly [key: string]: unknown };
  /** A line for each unknown key, and each that an environment does not inherit, and on the choice of its Python. */
  readonly warnings: readonly string[];
  readonly folder: string;
  readonly file: string;
  /** Of a Worker that was packed: the artifact, its packages, if it has any, and its snapshot, if it has one that can be used here. */
  readonly artifact?: {
    readonly folder: string;
    readonly packages: SnapshotPlace | undefined;
    readonly snapshot: SnapshotPlace | undefined;
  };
}

export interface ConfigOptions {
  /** The day it is, YYYY-MM-DD; by the clock unless given. */
  readonly today?: string | undefined;
  /** The environment [env.NAME]; the top of the file unless given. */
  readonly env?: string | undefined;
  /** Where the files of a Worker's secrets are, by its name; in its folder unless given. */
  readonly secretsFolder?: ((name: string) => string) | undefined;
}

/** `env` is read by environment.ts; `$schema` is an editor's. */
const knownKeys = new Set([
  "$schema",
  "name",
  "main",
  "compatibility_date",
  "compatibility_flags",
  "blockon",
  "env",
  "limits",
  ...bindingKeys,
]);

/** What a Worker's name may be. */
export const workerName = /^[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62}$/;

function readName(reader: Reader): string {
  const example = reader.document.assignment("name", "my-worker");
  const name = reader.string("name", `the Worker's name, as in ${example}`);
  if (!workerName.test(name)) {
    reader.fail("name", name, "up to 63 letters, digits, - and _, not beginning with -");
  }
  return name;
}

function readMain(reader: Reader): string {
  const example = reader.document.assignment("main", "src/entry.py");
  const main = insidePath(reader, "main", reader.string("main", `the file to run, as in ${example}`));
  if (!main.endsWith(".py")) reader.fail("main", main, "a Python file (.py)");
  return main;
}

function readDate(reader: Reader, today: string): string {
  const key = "compatibility_date";
  const value = reader.table[key];
  if (value === undefined) {
    const example = reader.document.assignment(key, today);
    reader.fail(key, value, `a date that the Worker is compatible with, as in ${example}`);
  }
  const text = value instanceof Date ? value.toISOString() : value;
  if (typeof text !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    reader.fail(key, text, `YYYY-MM-DD, as in "${today}"`);
  }
  if (!isDay(text)) reader.fail(key, text, "a day of the calendar");
  if (text > today) reader.fail(key, text, `a date not after today, ${today}`);
  return text;
}

function readCompatibility(reader: Reader, today: string): Compatibility {
  const key = "compatibility_flags";
  const date = readDate(reader, today);
  const flags = reader.strings(key, "an array of strings");
  const source = {
    place: (index: number | undefined) => reader.place(key, ...(index === undefined ? [] : [index])),
    assignment: (list: readonly string[]) => reader.document.assignment(key, list),
  };
  return resolveCompatibility(date, flags, source, today);
}

function readConfig(whole: ConfigDocument, { today = todayUtc(), env }: ConfigOptions): WorkerConfig {
  const { document, warnings } = environmentOf(whole, env);
  const { file, table } = document;
  const reader = new Reader(document);
  const name = readName(reader);
  const main = readMain(reader);
  const compatibility = readCompatibility(reader, today);
  const python = choosePython(compatibility, today);
  const vars = reader.subtable("vars", "a table of the Worker's variables");
  const blockon = reader.subtable("blockon", "a table of this runtime's settings");
  const { settings, warnings: blockonWarnings } = readBlockonTable(blockon, reader, vars);
  const { bindings, warnings: bindingWarnings } = readBindings(reader, name, settings.services);
  const unknown = Object.keys(table).filter((key) => !knownKeys.has(key));
  return {
    ...settings,
    ...bindings,
    secrets: {},
    secretFiles: [],
    name,
    main,
    compatibility,
    python,
    rest: Object.fromEntries(unknown.map((key) => [key, table[key]])),
    warnings: [
      ...warnings,
      ...python.notices.map((notice) => `${file}: ${notice}`),
      ...reader.unknownKeys(knownKeys),
      ...bindingWarnings,
      ...blockonWarnings,
    ],
    folder: path.dirname(file),
    file,
  };
}

/** The configuration in the text of a wrangler file, whose name says the format. */
export function parseWorkerConfig(text: string, file: string, options: ConfigOptions = {}): WorkerConfig {
  return readConfig(parseDocument(text, file), options);
}

/** Lines of `_redirects` and `_headers` that are left out. */
function ruleWarnings(directory: string): string[] {
  const files: readonly [string, (text: string) => Parsed<unknown>][] = [
    ["_redirects", parseRedirects],
    ["_headers", parseHeaders],
  ];
  return files.flatMap(([name, parse]) => {
    const file = path.join(directory, name);
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return [];
    return parse(readFileSync(file, "utf8")).problems.map((problem) => `${file}:${problem}; the line is left out`);
  });
}

/** They are there, and the Worker's code is not among them. */
function checkAssets({ file, folder, main }: WorkerConfig, directory: string): void {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(
      `${file}: "assets.directory" names ${directory}, which is no folder. Make it or change the key.`,
    );
  }
  if (!path.relative(directory, path.join(folder, main)).startsWith("..")) {
    throw new UserError(
      `${file}: "assets.directory" names ${directory}, in which ${main} is: everyone could read the Worker's code. ` +
        "Give a folder of files that are for everyone.",
    );
  }
}

function withSecrets(config: WorkerConfig, { env, secretsFolder }: ConfigOptions): WorkerConfig {
  const folder = secretsFolder?.(config.name) ?? config.folder;
  const { secrets, files, warnings } = readSecrets(folder, env, config.requiredSecrets);
  for (const name of Object.keys(secrets)) {
    const other = config.bindingNames.get(name);
    if (other === undefined) continue;
    throw new UserError(`${folder}: ${files.join(", ")} has the name ${name}, which is that of ${other}. Rename one.`);
  }
  return { ...config, secrets, secretFiles: files, warnings: [...config.warnings, ...warnings] };
}

/** The configuration of the Worker in a folder, with its secrets; its main file exists. */
export function readWorkerConfig(folder: string, options: ConfigOptions = {}): WorkerConfig {
  const root = path.resolve(folder);
  const file = findConfigFile(root);
  const document = readDocument(file);
  const config = readConfig(document, options);
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
  const { assets } = config;
  if (assets === undefined) return withSecrets(config, options);
  checkAssets(config, assets.directory);
  const warnings = [...config.warnings, ...ruleWarnings(assets.directory)];
  return withSecrets({ ...config, warnings }, options);
}
