// A folder, made with those above it. Node's own way to do so never ends where nothing can be made, as in /proc.
import { mkdirSync, statSync } from "node:fs";
import path from "node:path";
import { codeOf } from "./user_error.ts";

const isFolder = (name: string): boolean => statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;

/** Throws what the system says where it cannot be made. @param mode Of each that is made. */
export function makeFolder(folder: string, mode = 0o777): void {
  if (isFolder(folder)) return;
  const above = path.dirname(folder);
  if (above !== folder) makeFolder(above, mode);
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    // Another process may have been faster.
    if (codeOf(error) !== "EEXIST" || !isFolder(folder)) throw error;
  }
}
