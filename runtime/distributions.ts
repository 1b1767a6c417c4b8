// The Pyodides that Workers run on, each in a folder of its own: the newest is a part of this package, older ones are packages
// of their own, which are installed where a Worker asks for one.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { PyodideRelease } from "./config/compatibility_table.ts";
import { howToRepair, isCheckout, layout, packageRoot, pyodideVersion } from "./layout.ts";
import { UserError } from "./user_error.ts";

/** The npm package with an older Pyodide. */
export function distributionPackage(version: string): string {
  return `blockon-pyodide-${version}`;
}

const isWhole = (folder: string): boolean => existsSync(path.join(folder, "realm.asm.js"));

/** Where the package is installed, beside this one or in the program's own folder; undefined where it is not. */
function installed(version: string): string | undefined {
  const name = `${distributionPackage(version)}/package.json`;
  for (const from of [import.meta.url, path.join(process.cwd(), "package.json")]) {
    try {
      return path.join(path.dirname(createRequire(from).resolve(name)), "files");
    } catch {
      // Not from there.
    }
  }
  return undefined;
}

/** The folder of a Pyodide's files. Throws UserError where it is not there, which says how to get it. */
export function distributionFolder({ version, python }: PyodideRelease): string {
  if (version === pyodideVersion) return layout.distribution;
  const built = path.join(packageRoot, "build", "dist", version);
  const folder = isWhole(built) ? built : installed(version);
  if (folder !== undefined && isWhole(folder)) return folder;
  const how = isCheckout
    ? howToRepair
    : `Install it beside blockon: npm install ${distributionPackage(version)}, of the same version as blockon.`;
  throw new UserError(`Python ${python.version} (Pyodide ${version}) is not installed. ${how}`);
}
