// `blockon pack` as a user calls it, with a cache of the test's own.
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { commandEnd } from "./command_end.ts";
import { type Warmed, warmedCache } from "./warmed_cache.ts";

export interface PackEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Packing {
  readonly cache: string;

  private constructor(cache: string) {
    this.cache = cache;
  }

  /** As on a machine that has packed before. @param has What is in its cache. */
  static async begin(has?: readonly Warmed[]): Promise<Packing> {
    return new Packing(await warmedCache(has));
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, XDG_CACHE_HOME: this.cache };
  }

  /** Called in the Worker's folder, as pip takes paths. */
  async pack(folder: string, ...args: string[]): Promise<PackEnd> {
    const { code, out, err } = await commandEnd(["pack", folder, ...args], folder, this.env);
    return { code, stdout: out, stderr: err };
  }

  remove(): void {
    rmSync(this.cache, { recursive: true, force: true });
  }
}

/** Each file and folder of a folder, with its bytes, its mode and its time. */
export function contentsOf(folder: string): { readonly [name: string]: string } {
  const found: { [name: string]: string } = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    const status = statSync(path.join(folder, name));
    const bytes = status.isFile() ? readFileSync(path.join(folder, name)).toString("latin1") : "";
    found[name] = `${status.mode.toString(8)} ${status.mtimeMs} ${bytes}`;
  }
  return found;
}
