// What a configuration file holds, whichever its format, and where in it each value stands.
//
// A message about a value names the file and the value's line. The formats' parsers say where things are in different ways, so
// each document answers for itself (toml_document.ts, json_document.ts).

export type Table = { [key: string]: unknown };

/** The way to a value: keys of tables and places in arrays. */
export type ValuePath = readonly (string | number)[];

export interface ConfigDocument {
  readonly file: string;
  readonly table: Table;
  /** The line, from 1, of a value; of the innermost one around it where there is none. Undefined for the whole document. */
  lineOf(at: ValuePath): number | undefined;
  /** How this format writes that a key at the top has a value, for advice. */
  assignment(key: string, value: string | number | boolean | readonly string[]): string;
}

/** FILE:LINE of a value, or FILE. */
export function placeOf(document: ConfigDocument, at: ValuePath): string {
  const line = document.lineOf(at);
  return line === undefined ? document.file : `${document.file}:${line}`;
}

/** As messages write it: kv_namespaces[0].binding. */
export function pathText(at: ValuePath): string {
  return at.map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`)).join("");
}

/** Lines by paths, for the formats' own documents. */
export class LineTable {
  readonly #lines = new Map<string, number>();

  /** The first of several lines counts: a table may be opened at one place and go on at others. */
  add(at: ValuePath, line: number): void {
    const key = JSON.stringify(at);
    if (!this.#lines.has(key)) this.#lines.set(key, line);
  }

  find(at: ValuePath): number | undefined {
    for (let length = at.length; length > 0; length--) {
      const line = this.#lines.get(JSON.stringify(at.slice(0, length)));
      if (line !== undefined) return line;
    }
    return undefined;
  }
}
