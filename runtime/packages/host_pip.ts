// pip, on the host. Which one is pinned here, since resolving for another platform and by the day of upload needs a current one
// and the host's may be old: the host's pip installs it into the cache, once.
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { makeFolder } from "../make_folder.ts";
import { cacheFolder } from "../user_cache.ts";
import { codeOf, messageOf, UserError } from "../user_error.ts";
import { detailOf, isUnreachable, stderrOf, unreachableError } from "./pip_output.ts";
import type { Target } from "./target.ts";

const pinned = "pip==26.3";
const pinnedHash = "sha256:f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13";

const withoutPackages = "or put the Worker's packages into python_modules/";

/** The host's Python: python3, or what BLOCKON_PYTHON names. */
export function hostPython(): string {
  return process.env.BLOCKON_PYTHON || "python3";
}

function noPython(place: string, cause: unknown): UserError {
  return new UserError(
    `${place}: ${hostPython()} is needed to install its packages and was not found. Install Python 3.10 or newer with pip, name one by ` +
      `the variable BLOCKON_PYTHON, ${withoutPackages}.`,
    { cause },
  );
}

/** Why the host's pip could not install the pinned one. */
function bootstrapError(place: string, error: unknown): UserError {
  const python = hostPython();
  const stderr = stderrOf(error);
  if (/No module named '?pip/.test(stderr)) {
    return new UserError(
      `${place}: ${python} has no pip, which installs its packages. Install it (python3-pip, or ${python} -m ensurepip), name ` +
        `another Python by the variable BLOCKON_PYTHON, ${withoutPackages}.`,
      { cause: error },
    );
  }
  if (isUnreachable(error)) return unreachableError(place, error);
  return new UserError(`${place}: ${python} could not install ${pinned}, which resolves packages.`, {
    detail: detailOf(error),
    cause: error,
  });
}

function makeInstallFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw new UserError(
      `${folder}: this folder for installed packages cannot be made: ${messageOf(error)}. Mend that, or name another place ` +
        "for caches by the variable XDG_CACHE_HOME.",
      { cause: error },
    );
  }
}

/**
 * Makes a folder by filling one beside it, so that it is whole or not there. Others may make the same at the same time.
 * @param fill Gets the folder to fill.
 */
export async function madeFolder(folder: string, fill: (partial: string) => Promise<void>): Promise<string> {
  if (existsSync(folder)) return folder;
  const partial = `${folder}.${process.pid}.partial`;
  try {
    makeInstallFolder(partial);
    await fill(partial);
    renameSync(partial, folder);
  } catch (error) {
    // Another process may have made the same meanwhile.
    if (codeOf(error) !== "ENOTEMPTY" && codeOf(error) !== "EEXIST") throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

/**
 * The folder with the pinned pip, which is installed where it is not yet.
 * @param place What it is for, for messages.
 */
export async function ensurePip(place: string): Promise<string> {
  return madeFolder(cacheFolder("tools", pinned.replace("==", "-")), async (partial) => {
    const requirement = path.join(partial, "requirement.txt");
    writeFileSync(requirement, `${pinned} --hash=${pinnedHash}\n`);
    const words = [
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--no-compile",
      "--no-deps",
      "--require-hashes",
    ];
    try {
      await runPython(place, ["-m", "pip", ...words, "--target", partial, "--requirement", requirement]);
    } catch (error) {
      throw error instanceof UserError ? error : bootstrapError(place, error);
    }
  });
}

/**
 * Packages that require here what they require on Linux, since they connect as there: what they have for Emscripten instead is
 * kept from them (shims/blockon/_clients.py).
 */
export const asElsewhere: readonly string[] = ["httpx2"];

/** So that no C is compiled of the sources that are taken. */
const withoutCompiler = { CC: "false", CXX: "false" };

/**
 * Runs a program of the host's Python. Rejects with what pip_output.ts reads.
 * @param place What it is for, for the UserError where there is no Python.
 */
export async function runPython(place: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  const run = promisify(process.getBuiltinModule("node:child_process").execFile);
  try {
    await run(hostPython(), [...words], { maxBuffer: 64 * 1024 * 1024, env: { ...process.env, ...env } });
  } catch (error) {
    throw codeOf(error) === "ENOENT" ? noPython(place, error) : error;
  }
}

async function runPip(place: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const folder = await ensurePip(place);
  const quiet = { PIP_DISABLE_PIP_VERSION_CHECK: "1", PIP_PROGRESS_BAR: "off" };
  await runPython(place, words, { PYTHONPATH: folder, ...quiet, ...withoutCompiler, ...env });
}

export interface PipForOptions {
  /** Packages of which sources count, beside wheels. */
  readonly sources?: readonly string[];
  /** A file to write, as pip_for_target.py says. */
  readonly passedOver?: string;
}

/**
 * Runs the pinned pip for the target's platform. As runPython.
 * @param place What the packages are for, for messages about pip itself, which are UserErrors.
 */
export async function pipFor(
  target: Target,
  place: string,
  words: readonly string[],
  { sources = [], passedOver }: PipForOptions = {},
): Promise<void> {
  const script = path.join(import.meta.dirname, "pip_for_target.py");
  const about = JSON.stringify({
    markers: target.markers,
    sources,
    as_elsewhere: asElsewhere,
    passed_over: passedOver,
  });
  await runPip(place, [script, about, ...words], { PYTHONSAFEPATH: "1" });
}

/** Runs the pinned pip as the host's, to make wheels of sources; it is not to keep them for others. */
export async function pipOfHost(place: string, words: readonly string[]): Promise<void> {
  await runPip(place, ["-m", "pip", ...words], { PIP_NO_CACHE_DIR: "1" });
}
