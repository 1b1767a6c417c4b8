// Reads the keys of one table of a configuration, and refuses what is not as expected, by file, line and key.
import { kindOf, UserError } from "../user_error.ts";
import { type ConfigDocument, pathText, placeOf, type Table, type ValuePath } from "./document.ts";

/** What a variable of [vars] may hold: what JSON holds. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

export class Reader {
  readonly document: ConfigDocument;
  /** The way to this table. Messages name keys from here on. */
  readonly at: ValuePath;
  readonly table: Table;

  constructor(document: ConfigDocument, at: ValuePath = [], table: Table = document.table) {
    this.document = document;
    this.at = at;
    this.table = table;
  }

  /** FILE:LINE of a key, or of what it would stand in. */
  place(...key: ValuePath): string {
    return placeOf(this.document, [...this.at, ...key]);
  }

  fail(key: string | ValuePath, found: unknown, expected: string): never {
    const parts = typeof key === "string" ? [key] : key;
    const name = pathText(parts);
    const what = found === undefined ? `the key "${name}" is missing` : `"${name}" is ${kindOf(found, "a table")}`;
    throw new UserError(`${this.place(...parts)}: ${what}; expected ${expected}.`);
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
    if (wrong >= 0) this.fail([key, wrong], value[wrong], "a string");
    return value as string[];
  }

  boolean(key: string, without: boolean): boolean {
    const value = this.table[key] ?? without;
    return typeof value === "boolean" ? value : this.fail(key, value, "true or false");
  }

  /** At most a day. */
  seconds(key: string, without: number): number {
    const value = this.table[key] ?? without;
    if (typeof value !== "number" || !(value >= 0 && value <= 86_400)) {
      this.fail(key, value, "a number of seconds from 0 to 86400");
    }
    return value;
  }

  integer(key: string, without: number, least: number, most: number): number {
    const { [key]: value = without } = this.table;
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
      this.fail(key, value, `an integer from ${least} to ${most}, as in ${key} = ${without}`);
    }
    return value;
  }

  subtable(key: string, expected: string): Reader {
    const value = this.table[key];
    if (value !== undefined && !isTable(value)) this.fail(key, value, expected);
    return new Reader(this.document, [...this.at, key], value ?? {});
  }

  /** An array of tables; empty when there is none. */
  subtables(key: string, expected: string): Reader[] {
    const value = this.table[key];
    if (value === undefined) return [];
    if (!Array.isArray(value)) this.fail(key, value, expected);
    return value.map((item: unknown, index) =>
      isTable(item)
        ? new Reader(this.document, [...this.at, key, index], item)
        : this.fail([key, index], item, "a table"),
    );
  }

  /** What JSON has, as it is. */
  json(key: string | ValuePath, value: unknown): JsonValue {
    const at = typeof key === "string" ? [key] : key;
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    if (Array.isArray(value)) return value.map((item, index) => this.json([...at, index], item));
    if (isTable(value)) {
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.json([...at, name], item)]));
    }
    return this.fail(at, value, "a string, a finite number, a boolean, an array or a table");
  }

  /** A line for each key that is not in `known`. */
  unknownKeys(known: ReadonlySet<string>): string[] {
    return Object.keys(this.table)
      .filter((key) => !known.has(key))
      .map(
        (key) =>
          `${this.place(key)}: the key "${pathText([...this.at, key])}" is not known to this runtime and has no effect here`,
      );
  }
}
