// The folder in which things are kept that can be made again: packages installed for Workers.
import os from "node:os";
import path from "node:path";

/** By the XDG Base Directory Specification. */
export function cacheFolder(...parts: string[]): string {
  const root = process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
  return path.join(root, "blockon", ...parts);
}
