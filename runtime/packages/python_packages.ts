// The Python packages of a Worker: its folder python_modules, or what its requirements.txt or pyproject.toml asks for, locked
// beside it and installed into a cache.
//
// pip runs on the host and installs wheels for Pyodide's platform; nothing that it installs runs there, but for the setup of
// the few that are made of their source (made_wheels.ts).
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { loadAddon } from "../addon.ts";
import type { PackageSet } from "../config/package_set.ts";
import { makeFolder } from "../make_folder.ts";
import { cacheFolder } from "../user_cache.ts";
import { uselessPackages } from "./cannot_run.ts";
import { asElsewhere, madeFolder } from "./host_pip.ts";
import { installPackages } from "./install.ts";
import { type LockFile, readLock, writeLock } from "./lock_file.ts";
import { pureSources } from "./made_wheels.ts";
import { openPyodideWheels, type PyodideWheels } from "./pyodide_wheels.ts";
import { type Requirements, readRequirements } from "./requirements.ts";
import { resolvePackages } from "./resolve.ts";
import { currentTarget, type Target } from "./target.ts";

export const vendorFolder = "python_modules";

export interface PackageOptions {
  /** Nothing that was uploaded after its day. */
  readonly packageSet?: PackageSet | undefined;
  /** The folder or URL of Pyodide's own wheels. */
  readonly wheels?: string | undefined;
  /** Packages that may be made of their source where they have no wheel, beside those of made_wheels.ts. */
  readonly sources?: readonly string[];
  /** What the packages are for, which is asked where there are any; this runtime's Pyodide unless given. */
  readonly target?: () => Target;
  /** A line for the log. */
  readonly onNotice?: (line: string) => void;
}

function digest(...parts: string[]): string {
  return loadAddon().sha256(JSON.stringify(parts));
}

/** Of all that decides which packages there are, but for what an index has at the time. */
function inputsDigest(
  { texts }: Requirements,
  { pyodide, standIns }: Target,
  packageSet: PackageSet | undefined,
  sources: readonly string[],
): string {
  const special = [...asElsewhere, "", ...pureSources, ...sources, "", ...readdirSync(standIns).sort()];
  return digest(pyodide.version, pyodide.platform, packageSet?.day ?? "", ...special, "", ...texts);
}

interface Job {
  readonly folder: string;
  readonly requirements: Requirements;
  readonly target: Target;
  readonly wheels: PyodideWheels | undefined;
  readonly packageSet: PackageSet | undefined;
  readonly sources: readonly string[];
  readonly onNotice: (line: string) => void;
}

/** Does something with a folder for files that are needed meanwhile. */
async function withScratch<Result>(use: (scratch: string) => Promise<Result>): Promise<Result> {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "blockon-packages-"));
  try {
    return await use(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function makeLock(
  { folder, requirements, target, wheels, packageSet, sources, onNotice }: Job,
  inputs: string,
): Promise<LockFile> {
  const { packages, notices } = await withScratch((scratch) =>
    resolvePackages(requirements, { target, packageSet, wheels, sources, folder, scratch }),
  );
  for (const line of [...notices, ...uselessPackages(requirements.named.map(({ name }) => name))]) onNotice(line);
  const { version, python } = target.pyodide;
  return { packages, inputs, pyodide: version, python: python.version, packageSet: packageSet?.day };
}

/**
 * The lock of a Worker, made anew where there is none or what it was made from has changed. Where its folder cannot be written, it
 * is kept in the cache.
 */
async function currentLock(job: Job, onInstall: () => void): Promise<LockFile> {
  const { folder, requirements, target, packageSet, sources, onNotice } = job;
  const inputs = inputsDigest(requirements, target, packageSet, sources);
  const kept = cacheFolder("locks", inputs.slice(0, 32));
  const before = readLock(folder) ?? (existsSync(kept) ? readLock(kept) : undefined);
  if (before?.inputs === inputs) return before;
  onInstall();
  const lock = await makeLock(job, inputs);
  const problem = writeLock(folder, lock);
  if (problem !== undefined) {
    makeFolder(kept);
    const again = writeLock(kept, lock);
    if (again !== undefined) onNotice(again);
  }
  return lock;
}

export interface InstalledPackages {
  readonly folder: string;
  /** Undefined for those of python_modules. */
  readonly lock: LockFile | undefined;
}

/**
 * A Worker's packages; undefined when it has none. Installs them if the cache has them not.
 * @param onInstall Told that an installation begins, which takes seconds.
 */
export async function installedPackages(
  workerFolder: string,
  onInstall: () => void,
  {
    packageSet,
    wheels: place,
    sources = [],
    target: targetNow = currentTarget,
    onNotice = () => {},
  }: PackageOptions = {},
): Promise<InstalledPackages | undefined> {
  const vendored = path.join(workerFolder, vendorFolder);
  if (existsSync(vendored)) return { folder: vendored, lock: undefined };
  const requirements = readRequirements(workerFolder);
  if (requirements === undefined) return undefined;
  const wheels = place === undefined ? undefined : openPyodideWheels(place);
  const target = targetNow();
  let told = false;
  const tell = (): void => {
    if (!told) onInstall();
    told = true;
  };
  const job: Job = { folder: workerFolder, requirements, target, wheels, packageSet, sources, onNotice };
  const lock = await currentLock(job, tell);
  const { packages } = lock;
  const key = digest(target.pyodide.version, JSON.stringify(packages));
  const folder = await madeFolder(cacheFolder("packages", key.slice(0, 32)), async (partial) => {
    tell();
    await withScratch((scratch) =>
      installPackages(packages, partial, { target, wheels, folder: workerFolder, scratch }),
    );
  });
  return { folder, lock };
}

/** The folder of a Worker's packages, as installedPackages() has them. */
export async function packageFolder(
  workerFolder: string,
  onInstall: () => void,
  options: PackageOptions = {},
): Promise<string | undefined> {
  return (await installedPackages(workerFolder, onInstall, options))?.folder;
}
