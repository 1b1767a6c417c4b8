// A cache of a test's own that has what all tests of this build begin with: the baseline snapshot, what V8 has compiled, and the SDK's
// bytecode. To make these takes longer than most tests. They are copies, which a test may damage.
import { constants, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { compilePackages } from "../../../runtime/cli/compile_packages.ts";
import { layout, pyodideVersion } from "../../../runtime/layout.ts";
import { bytecodeFolder } from "../../../runtime/packages/bytecode.ts";
import { baselineSnapshot } from "../../../runtime/snapshots/baseline.ts";
import { compiledPlaces, compileNow } from "../../../runtime/snapshots/compiled.ts";
import { cacheFolder } from "../../../runtime/user_cache.ts";

/** What of it a test is to have. */
export type Warmed = "baseline" | "compiled" | "bytecode";
const all: readonly Warmed[] = ["baseline", "compiled", "bytecode"];

const quiet = { info: () => {}, warn: () => {} };

/** Whether another process is making what is locked: its number is in the file. */
function isHeld(lock: string): boolean {
  try {
    return process.kill(Number(readFileSync(lock, "latin1")) || Number.NaN, 0);
  } catch {
    return false;
  }
}

/** Where the user's cache has it, made if need be. */
const sources: { readonly [what in Warmed]: () => Promise<readonly string[]> } = {
  async baseline() {
    const place = await baselineSnapshot(true, {}, () => {});
    return place === undefined ? [] : [place.file];
  },
  async compiled() {
    const { code, scripts } = compiledPlaces();
    await compileNow(() => {});
    while (isHeld(`${code.file}.lock`)) await sleep(100);
    return [code.file, scripts.file];
  },
  async bytecode() {
    await compilePackages(layout.sdk, { version: pyodideVersion }, quiet);
    return [bytecodeFolder(layout.sdk) ?? ""];
  },
};

function copy(source: string, cache: string): void {
  const target = path.join(cache, "blockon", path.relative(cacheFolder(), source));
  mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
  if (source.startsWith(cacheFolder("bytecode"))) cpSync(source, target, { recursive: true, preserveTimestamps: true });
  else copyFileSync(source, target, constants.COPYFILE_FICLONE);
}

/** Makes what the user's cache has none of. @returns Where it is. */
export async function warmCache(wanted: readonly Warmed[] = all): Promise<readonly string[]> {
  // What makes it holds no process up.
  const waiting = setInterval(() => {}, 1000);
  try {
    const found: string[] = [];
    for (const what of wanted) found.push(...(await sources[what]()));
    return found.filter((source) => existsSync(source));
  } finally {
    clearInterval(waiting);
  }
}

/** @returns A new folder for XDG_CACHE_HOME, which is the caller's to remove. */
export async function warmedCache(wanted: readonly Warmed[] = all, inside = os.tmpdir()): Promise<string> {
  const cache = mkdtempSync(path.join(inside, "blockon-cache-"));
  for (const source of await warmCache(wanted)) copy(source, cache);
  return cache;
}
