// The Python packages of a Worker: its folder python_modules, or what its requirements.txt names, installed by pip into a cache.
//
// pip runs on the host and installs wheels for Pyodide's platform; nothing that it installs runs there, but for the setup of
// the few that are made of their source (made_wheels.ts).
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { layout, pyodideVersion } from "../layout.ts";
import { cacheFolder } from "../user_cache.ts";
import { codeOf, messageOf, UserError } from "../user_error.ts";
import { makeWheel, normalizedName, removeEmptyWheels, unmetRequirement } from "./made_wheels.ts";

const run = promisify(execFile);

export const vendorFolder = "python_modules";
export const requirementsFile = "requirements.txt";

/** Wheels that Pyodide 314 takes: its own platform, and pure Python. */
const platformArguments = [
  "--platform=pyemscripten_2026_0_wasm32",
  "--python-version=3.14",
  "--implementation=cp",
  "--abi=cp314",
  "--abi=none",
  "--only-binary=:all:",
];

/** Of packages that the standard library has in place of their own files (tools/stand_ins.py): wheels of metadata. */
const standIns = path.join(layout.distribution, "wheels");

/** The names at the beginning of a requirements.txt's lines. */
function namedIn(requirements: string): ReadonlySet<string> {
  const names = readFileSync(requirements, "utf8").matchAll(/^\s*([A-Za-z0-9][\w.-]*)/gm);
  return new Set(Array.from(names, ([, name]) => normalizedName(name as string)));
}

/** pip with python3 of the host, or the one that BLOCKON_PYTHON names. `wheels`: a folder for those that are made. */
async function pipInstall(requirements: string, target: string, wheels: string): Promise<void> {
  const python = process.env.BLOCKON_PYTHON || "python3";
  const pipArguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"];
  const tried = new Set<string>();
  for (;;) {
    try {
      await run(
        python,
        [
          ...pipArguments,
          ...platformArguments,
          `--find-links=${wheels}`,
          `--find-links=${standIns}`,
          "--target",
          target,
          "--requirement",
          requirements,
        ],
        { maxBuffer: 16 * 1024 * 1024 },
      );
      removeEmptyWheels(target);
      return;
    } catch (error) {
      const unmet = unmetRequirement(stderrOf(error));
      if (unmet === undefined || tried.has(unmet.requirement)) throw error;
      tried.add(unmet.requirement);
      if (!(await makeWheel(python, unmet, namedIn(requirements), wheels))) throw error;
    }
  }
}

function stderrOf(error: unknown): string {
  return (error as { stderr?: string }).stderr?.trim() ?? String(error);
}

/** What to say of an installation that failed. */
function installError(requirements: string, error: unknown): UserError {
  const python = process.env.BLOCKON_PYTHON || "python3";
  if (codeOf(error) === "ENOENT") {
    return new UserError(
      `${requirements}: ${python} is needed to install its packages and was not found. Install Python 3 with pip, or ` +
        `put the packages into ${vendorFolder}/ beside it.`,
      { cause: error },
    );
  }
  return new UserError(
    `${requirements}: pip could not install these packages for Pyodide ${pyodideVersion} (wheels of pure Python, or for ` +
      "pyemscripten_2026_0_wasm32).",
    { detail: stderrOf(error).split("\n").slice(-12).join("\n"), cause: error },
  );
}

async function installPackages(requirements: string, target: string): Promise<void> {
  const wheels = mkdtempSync(path.join(os.tmpdir(), "blockon-wheels-"));
  try {
    await pipInstall(requirements, target, wheels);
  } catch (error) {
    throw installError(requirements, error);
  } finally {
    rmSync(wheels, { recursive: true, force: true });
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new UserError(
      `${folder}: this folder for installed packages cannot be made: ${messageOf(error)}. Mend that, or name another place ` +
        "for caches by the variable XDG_CACHE_HOME.",
      { cause: error },
    );
  }
}

/**
 * The folder with a Worker's packages; undefined when it has none. Installs them if the cache has them not.
 * @param onInstall Told that an installation begins, which takes seconds.
 */
export async function packageFolder(workerFolder: string, onInstall: () => void): Promise<string | undefined> {
  const vendored = path.join(workerFolder, vendorFolder);
  if (existsSync(vendored)) return vendored;
  const requirements = path.join(workerFolder, requirementsFile);
  if (!existsSync(requirements)) return undefined;
  const key = createHash("sha256")
    .update([pyodideVersion, ...readdirSync(standIns).sort()].join("\0"))
    .update("\0")
    .update(readFileSync(requirements))
    .digest("hex");
  const target = cacheFolder("packages", key.slice(0, 32));
  if (existsSync(target)) return target;
  onInstall();
  const partial = `${target}.${process.pid}.partial`;
  try {
    makeFolder(partial);
    await installPackages(requirements, partial);
    renameSync(partial, target);
  } catch (error) {
    // Another process may have installed the same meanwhile.
    if (codeOf(error) !== "ENOTEMPTY" && codeOf(error) !== "EEXIST") throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return target;
}
