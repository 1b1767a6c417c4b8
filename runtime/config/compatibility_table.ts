// The table of compatibility.toml, checked: a row that is wrong ends the program by its line, and does not wait for a Worker.
import { readFileSync } from "node:fs";
import path from "node:path";
import { isDay } from "./dates.ts";
import { Reader } from "./reader.ts";
import { tomlDocument } from "./toml_document.ts";

export interface PythonVersion {
  /** 3.14 */
  readonly version: string;
  /** The last day on which Workers run on it. */
  readonly endOfSupport: string;
}

export type Blocking = "none" | "threads" | "all";

export interface PyodideRelease {
  readonly version: string;
  readonly python: PythonVersion;
  /** Of its wheels. */
  readonly platform: string;
  /** The first day of the package sets that it goes with. */
  readonly packagesFrom: string;
  readonly available: boolean;
  /** What may block in it: nothing, run_sync alone, or all that can wait: locks, sockets, threads, greenlets. */
  readonly blocking: Blocking;
}

export interface CompatibilityFeature {
  /** The flag that turns it on; also the feature's name in the resolved set. */
  readonly flag: string;
  readonly off: string | undefined;
  /** On by itself for compatibility dates from this one on. */
  readonly since: string | undefined;
  /** The date counts only when this feature is on too. */
  readonly requires: string | undefined;
  /** "implemented": this runtime asks for it; "recognised": accepted, and without effect. */
  readonly here: "implemented" | "recognised";
  /** The Pyodide that it chooses. */
  readonly pyodide: PyodideRelease | undefined;
  readonly note: string;
}

export interface CompatibilityTable {
  /** Oldest first. */
  readonly pythons: readonly PythonVersion[];
  /** Oldest first. */
  readonly pyodides: readonly PyodideRelease[];
  /** One that requires another stands behind it. */
  readonly features: readonly CompatibilityFeature[];
}

function day(reader: Reader, key: string): string {
  const value = reader.string(key, "a day, YYYY-MM-DD");
  return isDay(value) ? value : reader.fail(key, value, "a day, YYYY-MM-DD");
}

/** One of the rows before, by the name that a key has. */
function earlier<Row>(reader: Reader, key: string, rows: readonly Row[], nameOf: (row: Row) => string): Row {
  const name = reader.string(key, "a name");
  return rows.find((row) => nameOf(row) === name) ?? reader.fail(key, name, "the name of a row above");
}

function once(reader: Reader, key: string, names: Set<string>): string {
  const name = reader.string(key, "a name");
  if (names.has(name)) reader.fail(key, name, "a name that no other row has");
  names.add(name);
  return name;
}

function blockingOf(reader: Reader): Blocking {
  const key = "blocking";
  const value = reader.table[key];
  if (value === "none" || value === "threads" || value === "all") return value;
  return reader.fail(key, value, '"none", "threads" or "all"');
}

function complete(reader: Reader, ...keys: string[]): void {
  const unknown = Object.keys(reader.table).find((key) => !keys.includes(key));
  if (unknown !== undefined) reader.fail(unknown, reader.table[unknown], `one of the keys ${keys.join(", ")}`);
}

/** Throws UserError with the line of the first row that is wrong. */
export function parseCompatibilityTable(text: string, file: string): CompatibilityTable {
  const root = new Reader(tomlDocument(text, file));
  complete(root, "python", "pyodide", "feature");
  const names = new Set<string>();
  const pythons: PythonVersion[] = [];
  for (const row of root.subtables("python", "tables")) {
    complete(row, "version", "end_of_support");
    pythons.push({ version: once(row, "version", names), endOfSupport: day(row, "end_of_support") });
  }
  const pyodides: PyodideRelease[] = [];
  for (const row of root.subtables("pyodide", "tables")) {
    complete(row, "version", "python", "platform", "packages_from", "available", "blocking");
    pyodides.push({
      version: once(row, "version", names),
      python: earlier(row, "python", pythons, ({ version }) => version),
      platform: row.string("platform", "a platform of wheels"),
      packagesFrom: day(row, "packages_from"),
      available: row.boolean("available", false),
      blocking: blockingOf(row),
    });
  }
  const [newest] = pyodides.slice(-1);
  if (newest?.available !== true)
    root.fail("pyodide", newest, "that the last one is available, which others fall back to");
  const features: CompatibilityFeature[] = [];
  for (const row of root.subtables("feature", "tables")) {
    complete(row, "flag", "off", "since", "requires", "here", "pyodide", "note");
    const { off, since, requires, here, pyodide } = row.table;
    features.push({
      flag: once(row, "flag", names),
      off: off === undefined ? undefined : once(row, "off", names),
      since: since === undefined ? undefined : day(row, "since"),
      requires: requires === undefined ? undefined : earlier(row, "requires", features, ({ flag }) => flag).flag,
      here:
        here === "implemented" || here === "recognised"
          ? here
          : row.fail("here", here, '"implemented" or "recognised"'),
      pyodide: pyodide === undefined ? undefined : earlier(row, "pyodide", pyodides, ({ version }) => version),
      note: row.string("note", "what it is"),
    });
  }
  return { pythons, pyodides, features };
}

const tableFile = path.join(import.meta.dirname, "compatibility.toml");

export const compatibilityTable = parseCompatibilityTable(readFileSync(tableFile, "utf8"), tableFile);
