// pip's report of what it would install, as far as it is read here.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../user_error.ts";
import type { LockedFile } from "./lock_file.ts";

/** An entry of its `install`. */
export interface Downloaded {
  readonly metadata: { readonly name: string; readonly version: string };
  readonly download_info: {
    readonly url: string;
    /** A file; a folder or a version control's checkout has none. */
    readonly archive_info?: { readonly hashes?: { readonly sha256?: string } };
  };
}

/** A file of this machine. */
export function localPath({ download_info }: Downloaded): string | undefined {
  return download_info.url.startsWith("file:") ? fileURLToPath(download_info.url) : undefined;
}

/**
 * As a lock file has it.
 * @param folder Of the lock file, to which paths are relative.
 */
export function lockedFile(entry: Downloaded, folder: string): LockedFile {
  const { url, archive_info: archive } = entry.download_info;
  const sha256 = archive?.hashes?.sha256;
  if (sha256 === undefined) {
    throw new UserError(
      `${entry.metadata.name} is ${url}, which is no file with a hash, so that it cannot be locked. Name a wheel, or put the package ` +
        "into python_modules/.",
    );
  }
  const local = localPath(entry);
  const name = decodeURIComponent(path.posix.basename(new URL(url).pathname));
  const hashes = { sha256 };
  return local === undefined ? { name, url, hashes } : { name, path: path.relative(folder, local), hashes };
}
