// pylock.blockon.toml: which files a Worker's packages are, with their hashes; the format is that of PEP 751.
//
// It stands beside the Worker, is made anew when what it was made from has changed, and is what each start installs from. Its
// name is one of those that the PEP has for lock files of one purpose among others: this one is for Pyodide's platform alone.
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "smol-toml";
import { codeOf, messageOf, UserError } from "../user_error.ts";

export const lockFileName = "pylock.blockon.toml";

/** A wheel or an archive of sources. One of both says where it is. */
export interface LockedFile {
  readonly name: string;
  readonly url?: string;
  /** Relative to the lock file, with forward slashes. */
  readonly path?: string;
  readonly hashes: { readonly sha256: string };
}

export interface LockedPackage {
  /** Normalized. */
  readonly name: string;
  readonly version: string;
  readonly wheels?: readonly [LockedFile];
  /** Sources, of which a wheel of pure Python is made (made_wheels.ts). */
  readonly sdist?: LockedFile;
}

export interface LockFile {
  readonly packages: readonly LockedPackage[];
  /** Of all that decides which packages there are. */
  readonly inputs: string;
  /** For people: the Pyodide, and the last day of uploads. */
  readonly pyodide: string;
  readonly python: string;
  readonly packageSet: string | undefined;
}

const createdBy = "blockon";

const heading = `# Written by blockon, for Pyodide's platform: which files the Worker's packages are. Keep it under version control. It is made
# anew when the requirements change, or when it is removed.
`;

export function lockText(lock: LockFile): string {
  const { packages, inputs, pyodide, python, packageSet } = lock;
  const table = {
    "lock-version": "1.0",
    environments: ["sys_platform == 'emscripten' and platform_machine == 'wasm32'"],
    "requires-python": `==${python}.*`,
    "created-by": createdBy,
    packages: packages.map((entry) => ({ ...entry })),
    tool: { blockon: { inputs, pyodide, ...(packageSet !== undefined && { "package-set": packageSet }) } },
  };
  return `${heading}\n${stringify(table)}`;
}

interface LockTable {
  readonly "lock-version"?: unknown;
  readonly "created-by"?: unknown;
  readonly "requires-python"?: unknown;
  readonly packages?: unknown;
  readonly tool?: { readonly blockon?: { readonly [key: string]: unknown } };
}

function malformed(file: string, what: string, cause?: unknown): never {
  throw new UserError(`${file}: ${what}. Remove the file: it will be made anew.`, { cause });
}

function checkFile(file: string, entry: unknown, what: string): LockedFile {
  const { name, url, path: place, hashes } = (entry ?? {}) as { [key: string]: unknown };
  const sha256 = (hashes as { sha256?: unknown } | undefined)?.sha256;
  if (typeof name !== "string" || !/^[\w.+!-]+$/.test(name)) malformed(file, `${what} has no name of a file`);
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) malformed(file, `${what} has no sha256`);
  if (typeof url === "string") {
    if (!/^(?:https?|file):\/\/\S+$/.test(url)) malformed(file, `the url of ${what} is none`);
    return { name, url, hashes: { sha256 } };
  }
  if (typeof place !== "string" || /[\r\n]/.test(place)) malformed(file, `${what} has neither a url nor a path`);
  return { name, path: place, hashes: { sha256 } };
}

function checkPackage(file: string, entry: unknown): LockedPackage {
  const { name, version, wheels, sdist } = (entry ?? {}) as { [key: string]: unknown };
  if (typeof name !== "string" || !/^[a-z0-9-]+$/.test(name)) malformed(file, "a package has no name");
  if (typeof version !== "string" || !/^[\w.+!-]+$/.test(version)) malformed(file, `${name} has no version`);
  if (sdist !== undefined) return { name, version, sdist: checkFile(file, sdist, `the sdist of ${name}`) };
  const [wheel, other] = Array.isArray(wheels) ? wheels : [];
  if (wheel === undefined || other !== undefined) malformed(file, `${name} has not one wheel`);
  return { name, version, wheels: [checkFile(file, wheel, `the wheel of ${name}`)] };
}

/** Throws UserError for what is no lock file of ours. */
export function parseLock(text: string, file: string): LockFile {
  let table: LockTable;
  try {
    table = parse(text) as LockTable;
  } catch (error) {
    return malformed(file, `this is not valid TOML: ${messageOf(error).split("\n", 1)[0]}`, error);
  }
  if (table["lock-version"] !== "1.0") malformed(file, "its lock-version is not 1.0");
  if (table["created-by"] !== createdBy) malformed(file, `it was not created by ${createdBy}`);
  const { inputs, pyodide, "package-set": packageSet } = table.tool?.blockon ?? {};
  const python = /^==(\d+\.\d+)\.\*$/.exec(String(table["requires-python"]))?.[1];
  if (typeof inputs !== "string" || typeof pyodide !== "string" || python === undefined) {
    return malformed(file, "it does not say what it was made from");
  }
  const packages = (Array.isArray(table.packages) ? table.packages : []).map((entry) => checkPackage(file, entry));
  return { packages, inputs, pyodide, python, packageSet: typeof packageSet === "string" ? packageSet : undefined };
}

/** Undefined where there is none. */
export function readLock(folder: string): LockFile | undefined {
  const file = path.join(folder, lockFileName);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new UserError(`${file}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return parseLock(text, file);
}

/** @returns Why it could not be written, if so: the Worker runs without. */
export function writeLock(folder: string, lock: LockFile): string | undefined {
  const file = path.join(folder, lockFileName);
  const partial = `${file}.${process.pid}.partial`;
  try {
    writeFileSync(partial, lockText(lock));
    renameSync(partial, file);
    return undefined;
  } catch (error) {
    rmSync(partial, { force: true });
    return `${file}: cannot be written, so that the next start resolves anew: ${messageOf(error)}`;
  }
}
