// What outlasts a loss of power: a file's bytes, and the names in a folder.
import { closeSync, fsyncSync, openSync } from "node:fs";

/** When it resolves the file is on the disk, or, for a folder, which names it has. */
export async function onDisk(name: string): Promise<void> {
  await using handle = await process.getBuiltinModule("node:fs/promises").open(name, "r");
  await handle.sync();
}

export function onDiskSync(name: string): void {
  const descriptor = openSync(name, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
