// Folders of the user's cache with small files, of which the last used ones are kept.
import { readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { makeFolder } from "../make_folder.ts";

/** Writes one, and deletes those of its folder that are more than `most` with it. Whoever reads it finds all of it. Throws. */
export function keepAmong(most: number, file: string, text: string): void {
  const folder = path.dirname(file);
  const partial = `${file}.${process.pid}`;
  makeFolder(folder, 0o700);
  const others = readdirSync(folder).map((name) => {
    const other = path.join(folder, name);
    return { other, time: statSync(other, { throwIfNoEntry: false })?.mtimeMs ?? 0 };
  });
  others.sort((a, b) => b.time - a.time);
  for (const { other } of others.slice(most - 1)) rmSync(other, { force: true });
  writeFileSync(partial, text, { mode: 0o600 });
  renameSync(partial, file);
}
