// The Python packages of a Worker: its folder python_modules, or what its requirements.txt names, installed by pip into a cache.
//
// pip runs on the host and installs wheels for Pyodide's platform; nothing that it installs runs there.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { pyodideVersion } from "../layout.ts";
import { cacheFolder } from "../user_cache.ts";
import { codeOf, messageOf, UserError } from "../user_error.ts";

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

/** pip with python3 of the host, or the one that BLOCKON_PYTHON names. */
async function pipInstall(requirements: string, target: string): Promise<void> {
  const python = process.env.BLOCKON_PYTHON || "python3";
  const pipArguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"];
  try {
    await run(python, [...pipArguments, ...platformArguments, "--target", target, "--requirement", requirements], {
      maxBuffer: 16 * 1024 * 1024,
    });
  } catch (error) {
    if (codeOf(error) === "ENOENT") {
      throw new UserError(
        `${requirements}: ${python} is needed to install its packages and was not found. Install Python 3 with pip, or ` +
          `put the packages into ${vendorFolder}/ beside it.`,
        { cause: error },
      );
    }
    const stderr = (error as { stderr?: string }).stderr?.trim() ?? String(error);
    throw new UserError(
      `${requirements}: pip could not install these packages for Pyodide ${pyodideVersion} (wheels of pure Python, or for ` +
        "pyemscripten_2026_0_wasm32).",
      { detail: stderr.split("\n").slice(-12).join("\n"), cause: error },
    );
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
  const key = createHash("sha256").update(pyodideVersion).update("\0").update(readFileSync(requirements)).digest("hex");
  const target = cacheFolder("packages", key.slice(0, 32));
  if (existsSync(target)) return target;
  onInstall();
  const partial = `${target}.${process.pid}.partial`;
  try {
    makeFolder(partial);
    await pipInstall(requirements, partial);
    renameSync(partial, target);
  } catch (error) {
    // Another process may have installed the same meanwhile.
    if (codeOf(error) !== "ENOTEMPTY" && codeOf(error) !== "EEXIST") throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return target;
}
