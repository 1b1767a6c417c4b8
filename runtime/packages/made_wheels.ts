// Wheels for packages that have none for Pyodide, and with which a program runs all the same.
//
// Two tables, since either is a judgement: nobody's source is built but that of `pureSources`, and of packages that the Worker's
// configuration names for it ([blockon.packages] sources), whose setup runs on the host, and nothing is left out but what is in `dispensable`, and only where a package asks for it, not the Worker.
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pipOfHost, runPython } from "./host_pip.ts";
import type { LockedFile } from "./lock_file.ts";
import type { LockedByPyodide } from "./target.ts";

/** The local part of an empty wheel's version. */
const absent = "+absent";

/** Packages whose source becomes a wheel of pure Python where there is no C compiler. */
export const pureSources: readonly string[] = ["markupsafe", "pyyaml"];

/** Packages that those who require them do without: their imports of it are in a `try`. */
const dispensable: { readonly [name: string]: string } = {
  orjson: "langsmith has the same in Python",
  zstandard: "langsmith sends what it sends uncompressed",
};

const script = (place: string, file: string, ...words: string[]) =>
  runPython(place, [path.join(import.meta.dirname, file), ...words]);

/**
 * Makes a wheel of pure Python of a source, which has to have the hash that is locked.
 * @param place What it is for, for messages.
 * @param url Where the source is.
 */
export async function buildSource(
  place: string,
  name: string,
  source: LockedFile,
  url: string,
  folder: string,
): Promise<void> {
  const requirement = path.join(folder, `${name}.txt`);
  writeFileSync(requirement, `${name} @ ${url} --hash=sha256:${source.hashes.sha256}\n`);
  const words = ["--quiet", "--no-deps", "--require-hashes", `--no-binary=${name}`, `--wheel-dir=${folder}`];
  await pipOfHost(place, ["wheel", ...words, "--requirement", requirement]);
  await script(place, "pure_wheel.py", folder);
}

/**
 * Puts empty wheels of what is dispensable into the folder, of the versions that Pyodide knows.
 * @param place What it is for, for messages.
 * @param named The packages that the Worker itself names.
 * @param isHere Whether there is a real one.
 */
export async function makeEmptyWheels(
  place: string,
  folder: string,
  named: ReadonlySet<string>,
  locked: ReadonlyMap<string, LockedByPyodide>,
  isHere: (entry: LockedByPyodide) => boolean,
): Promise<void> {
  const wanted = Object.keys(dispensable).flatMap((name) => {
    const entry = locked.get(name);
    return entry === undefined || named.has(name) || isHere(entry) ? [] : [`${name}==${entry.version}${absent}`];
  });
  if (wanted.length > 0) await script(place, "empty_wheel.py", folder, ...wanted);
}

/** Whether a version is that of an empty wheel. */
export const isAbsent = (version: string): boolean => version.endsWith(absent);

/** The wheels in a folder. */
export function wheelsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".whl"));
}
