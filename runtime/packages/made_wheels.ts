// Wheels for packages that have none for Pyodide, and with which a program runs all the same.
//
// Two tables, since either is a judgement: nobody's source is built but that of `pureSources`, whose setup runs on the host,
// and nothing is left out but what is in `dispensable`, and only where a package asks for it, not the Worker.
import { execFile } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The local part of an empty wheel's version. */
const absent = "+absent";

/** Packages whose source becomes a wheel of pure Python where there is no C compiler. */
const pureSources: ReadonlySet<string> = new Set(["markupsafe", "pyyaml"]);

/** Packages that those who require them do without: their imports of it are in a `try`. */
const dispensable: { readonly [name: string]: string } = {
  orjson: "langsmith has the same in Python",
  zstandard: "langsmith sends what it sends uncompressed",
};

const unmet = /satisfies the requirement ([A-Za-z0-9][\w.-]*)([^;(\n]*)/;

export interface Unmet {
  readonly name: string;
  /** With its specifier, as pip takes it. */
  readonly requirement: string;
}

/** As PEP 503 has it. */
export const normalizedName = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, "-");

/** The requirement of a package for which pip found no wheel. Undefined for other failures. */
export function unmetRequirement(pipError: string): Unmet | undefined {
  const [, name, specifier] = unmet.exec(pipError) ?? [];
  if (name === undefined || specifier === undefined) return undefined;
  return { name: normalizedName(name), requirement: `${name}${specifier.trim()}` };
}

/**
 * Puts a wheel for the requirement into the folder.
 * @param named The packages that the Worker itself names.
 * @returns Whether there is one now; false for what neither table has.
 */
export async function makeWheel(
  python: string,
  { name, requirement }: Unmet,
  named: ReadonlySet<string>,
  folder: string,
): Promise<boolean> {
  const pip = (...words: string[]) =>
    run(python, ["-m", "pip", ...words], {
      // So that no C is compiled; and pip is not to keep the outcome for others.
      env: { ...process.env, CC: "false", CXX: "false", PIP_NO_CACHE_DIR: "1", PIP_DISABLE_PIP_VERSION_CHECK: "1" },
      maxBuffer: 16 * 1024 * 1024,
    });
  const script = (file: string, ...words: string[]) => run(python, [path.join(import.meta.dirname, file), ...words]);
  if (pureSources.has(name)) {
    await pip("wheel", "--quiet", "--no-deps", `--no-binary=${name}`, `--wheel-dir=${folder}`, requirement);
    await script("pure_wheel.py", folder);
    return true;
  }
  if (!Object.hasOwn(dispensable, name) || named.has(name)) return false;
  const { stdout } = await pip(
    ...["install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps", "--report=-", requirement],
  );
  const [found] = (JSON.parse(stdout) as { install: { metadata: { name: string; version: string } }[] }).install;
  if (found === undefined) return false;
  const { metadata } = found;
  await script("empty_wheel.py", metadata.name, `${metadata.version}${absent}`, folder);
  return true;
}

/** Takes away what empty wheels left in a folder of installed packages, since that would say that their packages are there. */
export function removeEmptyWheels(target: string): void {
  for (const name of readdirSync(target)) {
    if (name.endsWith(`${absent}.dist-info`)) rmSync(path.join(target, name), { recursive: true });
  }
}
