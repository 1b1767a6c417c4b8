// Installs what a lock file names into a folder, each file by its hash.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { cacheFolder } from "../user_cache.ts";
import { UserError } from "../user_error.ts";
import { madeFolder, pipFor } from "./host_pip.ts";
import { type LockedFile, type LockedPackage, lockFileName } from "./lock_file.ts";
import { buildSource, wheelsIn } from "./made_wheels.ts";
import { detailOf, isAnotherFile, isUnreachable, unreachableError } from "./pip_output.ts";
import type { PyodideWheels } from "./pyodide_wheels.ts";
import type { Target } from "./target.ts";

export interface InstallOptions {
  readonly target: Target;
  readonly wheels: PyodideWheels | undefined;
  /** Of the lock file. */
  readonly folder: string;
  readonly scratch: string;
}

/** Where a file of the lock is: a folder of Pyodide's wheels may be elsewhere than where the lock was made. */
function urlOf(lock: string, file: LockedFile, { wheels, folder }: InstallOptions): string {
  if (file.url !== undefined) return file.url;
  const local = path.resolve(folder, file.path ?? "");
  if (existsSync(local)) return pathToFileURL(local).href;
  const own = wheels?.urlOf(file.name);
  if (own !== undefined) return own;
  throw new UserError(
    `${lock}: ${file.name} is not at ${local}. Give the folder or URL of Pyodide's wheels by --wheels, or as wheels in [blockon.packages].`,
  );
}

function installError(lock: string, error: unknown): UserError {
  const detail = detailOf(error);
  if (isUnreachable(error)) return unreachableError(lock, error);
  if (isAnotherFile(error)) {
    return new UserError(
      `${lock}: a file is not the one that was locked: its hash is another. If that is meant, remove ${lockFileName} to resolve anew.`,
      { detail, cause: error },
    );
  }
  return new UserError(`${lock}: pip could not install what it names. Remove ${lockFileName} to resolve anew.`, {
    detail,
    cause: error,
  });
}

/** The line for a wheel that is made of a source; it is kept for others. */
async function madeOf(lock: string, name: string, sdist: LockedFile, options: InstallOptions): Promise<string> {
  const folder = await madeFolder(cacheFolder("wheels", sdist.hashes.sha256.slice(0, 32)), (partial) =>
    buildSource(lock, name, sdist, urlOf(lock, sdist, options), partial),
  );
  const [wheel] = wheelsIn(folder);
  if (wheel === undefined)
    throw new UserError(`${lock}: no wheel came of ${sdist.name}. Remove ${folder} to make it again.`);
  const file = path.join(folder, wheel);
  const sha256 = process.getBuiltinModule("node:crypto").createHash("sha256").update(readFileSync(file)).digest("hex");
  return `${pathToFileURL(file).href} --hash=sha256:${sha256}`;
}

/** @param into An empty folder. */
export async function installPackages(
  packages: readonly LockedPackage[],
  into: string,
  options: InstallOptions,
): Promise<void> {
  const { target, folder, scratch } = options;
  const lock = path.join(folder, lockFileName);
  const lines: string[] = [];
  try {
    for (const { name, wheels, sdist } of packages) {
      const [wheel] = wheels ?? [];
      if (wheel !== undefined)
        lines.push(`${name} @ ${urlOf(lock, wheel, options)} --hash=sha256:${wheel.hashes.sha256}`);
      else if (sdist !== undefined) lines.push(await madeOf(lock, name, sdist, options));
    }
    // Markers may have left nothing of what was asked for.
    if (lines.length === 0) return;
    const named = path.join(scratch, "locked.txt");
    writeFileSync(named, `${lines.join("\n")}\n`);
    const words = ["install", "--quiet", "--no-compile", "--no-deps", "--require-hashes", "--target", into];
    await pipFor(target, lock, [...words, ...target.pipArguments, `--requirement=${named}`]);
  } catch (error) {
    throw error instanceof UserError ? error : installError(lock, error);
  }
}
