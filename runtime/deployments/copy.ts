// The copy of a Worker's folder that is deployed.
import path from "node:path";
import { messageOf, UserError } from "../user_error.ts";
import { onDisk } from "./on_disk.ts";

const skippedFolders: ReadonlySet<string> = new Set(["node_modules", "__pycache__"]);
const mostFiles = 20_000;
/** What is written to the disk at the same time: it takes several at once as fast as one. */
const mostAtOnce = 16;

/** Of the names that begin with a dot (secrets, .git, .blockon ...) a Worker is served the files of one alone. */
function isSkipped(name: string): boolean {
  return skippedFolders.has(name) || (name.startsWith(".") && name !== ".well-known");
}

/** Has all of them on the disk. */
async function allOnDisk(names: readonly string[]): Promise<void> {
  const rest = names.values();
  const lane = async (): Promise<void> => {
    for (const name of rest) await onDisk(name);
  };
  await Promise.all(Array.from({ length: mostAtOnce }, lane));
}

/**
 * Copies the regular files that a Worker can be served from; when it resolves they outlast a loss of power. Throws UserError.
 * @param target Is not there yet.
 * @param without Folders that are left out, as absolute paths.
 */
export async function copyWorker(source: string, target: string, without: readonly string[]): Promise<void> {
  let files = 0;
  const made: string[] = [];
  const { copyFile, mkdir, readdir } = process.getBuiltinModule("node:fs/promises");
  const visit = async (from: string, to: string): Promise<void> => {
    await mkdir(to, { recursive: true });
    made.push(to);
    for (const entry of await readdir(from, { withFileTypes: true })) {
      const file = path.join(from, entry.name);
      if (isSkipped(entry.name) || without.includes(file)) continue;
      if (entry.isDirectory()) await visit(file, path.join(to, entry.name));
      else if (entry.isFile()) {
        if (++files > mostFiles) {
          throw new UserError(`${source} holds more than ${mostFiles} files: is this the folder of a Worker?`);
        }
        const copy = path.join(to, entry.name);
        await copyFile(file, copy);
        made.push(copy);
      }
    }
  };
  try {
    await visit(source, target);
    // The folders above may be new, too.
    await allOnDisk([...made, path.dirname(target), path.dirname(path.dirname(target))]);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${source} cannot be copied: ${messageOf(error)}`, { cause: error });
  }
}
