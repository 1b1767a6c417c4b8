// The digest of files that hardly ever change: what it was is kept in the user's cache, and they are read again only when one of them is
// another, by what the system says of it (the place, size, inode, and times to the nanosecond; nobody sets that of the last change).
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { loadAddon } from "../addon.ts";
import { cacheFolder } from "../user_cache.ts";
import { keepAmong } from "./small_files.ts";

/** Of other builds: the oldest are deleted beyond these. */
const mostKept = 16;
/** A file that was written so lately may be written once more without a sign. */
const settledMs = 2000;

/** What the system says of them, and when the last one changed. */
function stateOf(files: readonly string[]): { text: string; changedMs: number } {
  let changedMs = 0;
  const lines = files.map((file) => {
    const { size, ino, mtimeNs, ctimeNs, ctimeMs } = statSync(file, { bigint: true });
    changedMs = Math.max(changedMs, Number(ctimeMs));
    return `${file} ${size} ${ino} ${mtimeNs} ${ctimeNs}`;
  });
  return { text: lines.join("\n"), changedMs };
}

function read(files: readonly string[]): string {
  const hash = process.getBuiltinModule("node:crypto").createHash("sha256");
  for (const file of files) {
    const bytes = readFileSync(file);
    hash.update(`${path.basename(file)} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex");
}

/** What is kept, or undefined. */
function keptIn(file: string): string | undefined {
  try {
    const text = readFileSync(file, "latin1");
    return /^[0-9a-f]{64}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Without it, the next start reads the files too. */
function keep(file: string, digest: string): void {
  try {
    keepAmong(mostKept, file, digest);
  } catch {
    // No room, no right, no folder.
  }
}

/** 64 hexadecimal digits, of the files' names and what is in them, in this order. Throws where one cannot be read. */
export function digestOfFiles(files: readonly string[]): string {
  const { text, changedMs } = stateOf(files);
  const name = loadAddon().sha256(text).slice(0, 32);
  const file = cacheFolder("digests", name);
  const kept = keptIn(file);
  if (kept !== undefined) return kept;
  const begin = Date.now();
  const digest = read(files);
  if (begin - changedMs > settledMs) keep(file, digest);
  return digest;
}
