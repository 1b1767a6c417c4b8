// What to say of packages that a Worker cannot have, or has no use for (cannot_run.toml).
import { readFileSync } from "node:fs";
import path from "node:path";
import { Reader } from "../config/reader.ts";
import { tomlDocument } from "../config/toml_document.ts";
import { normalizedName } from "./package_name.ts";
import type { LockedByPyodide } from "./target.ts";

export interface CannotRun {
  /** It can be installed; what it is for cannot be done. */
  readonly uses: boolean;
  readonly reason: string;
  readonly instead: string;
}

const file = path.join(import.meta.dirname, "cannot_run.toml");

/** By normalized names. Throws UserError for a row that is wrong. */
export function parseCannotRun(text: string, source: string): ReadonlyMap<string, CannotRun> {
  const packages = new Map<string, CannotRun>();
  for (const row of new Reader(tomlDocument(text, source)).subtables("package", "tables")) {
    const uses = row.boolean("uses", false);
    const entry = { uses, reason: row.string("reason", "why"), instead: row.string("instead", "what does") };
    const names = row.strings("names", "an array of names");
    if (names.length === 0) row.fail("names", row.table.names, "names of packages");
    for (const name of names) {
      if (name !== normalizedName(name)) row.fail("names", name, `the normalized name ${normalizedName(name)}`);
      if (packages.has(name)) row.fail("names", name, "a name that no other row has");
      packages.set(name, entry);
    }
  }
  return packages;
}

let table: ReadonlyMap<string, CannotRun> | undefined;

function cannotRun(name: string): CannotRun | undefined {
  table ??= parseCannotRun(readFileSync(file, "utf8"), file);
  return table.get(name);
}

/** Of a package that has no wheel for the platform: why, and what to do. Undefined where nothing is known of it. */
export function adviceFor(name: string, locked: ReadonlyMap<string, LockedByPyodide>): string | undefined {
  const known = cannotRun(name);
  const own = locked.get(name);
  const parts = [
    ...(known === undefined
      ? []
      : [`${name} cannot be had from PyPI: ${known.reason}. In its place: ${known.instead}`]),
    ...(own === undefined
      ? []
      : [
          `Pyodide has a wheel of its own, ${own.file_name}: give the folder or URL of Pyodide's wheels by --wheels, or as wheels in ` +
            "[blockon.packages]",
        ]),
  ];
  return parts.length === 0 ? undefined : `${parts.join(". ")}.`;
}

/** For what the Worker itself names: what it has no use for. */
export function uselessPackages(names: Iterable<string>): string[] {
  return [...new Set(names)].flatMap((name) => {
    const known = cannotRun(name);
    return known?.uses
      ? [`${name} can be installed and is of no use: ${known.reason}. In its place: ${known.instead}`]
      : [];
  });
}
