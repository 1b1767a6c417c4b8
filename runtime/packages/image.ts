// Images of packages: all files of a set of packages, with their bytecode, in one read-only file that every Worker which has them reads from
// (runtime/realm/81-images.js, which has the form). The system keeps its pages once for all processes of the machine.
//
// The form is deterministic: files in the order of their names' UTF-16, no times, no owners.
import { readFileSync } from "node:fs";
import path from "node:path";
import { loadAddon, type SnapshotPlace } from "../addon.ts";
import { UserError } from "../user_error.ts";

/** A file with packages, and what it is bound to. */
export interface PackageImage extends SnapshotPlace {}

export interface ImageFile {
  /** Relative, with forward slashes. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Without the file's own head. */
const mostBytes = 0xffff_ffff;

const byText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** The folders of the files and those in which they are, "" first. */
function foldersOf(files: readonly ImageFile[]): Map<string, ImageFile[]> {
  const folders = new Map<string, ImageFile[]>([["", []]]);
  const add = (folder: string): ImageFile[] => {
    const known = folders.get(folder);
    if (known !== undefined) return known;
    const { dir } = path.posix.parse(folder);
    add(dir);
    const made: ImageFile[] = [];
    folders.set(folder, made);
    return made;
  };
  for (const file of files) add(path.posix.parse(file.name).dir).push(file);
  return folders;
}

/** The bytes of an image with these files, whose names are different. */
export function imageBytes(files: readonly ImageFile[]): Uint8Array {
  const sorted = files.toSorted((one, other) => byText(one.name, other.name));
  const folders = [...foldersOf(sorted)].sort(([one], [other]) => byText(one, other));
  const parts: Uint8Array[] = [];
  let at = 0;
  const index = folders.map(([folder, inside]) => {
    const begin = at;
    for (const { bytes } of inside) {
      parts.push(bytes);
      at += bytes.byteLength;
    }
    return [folder, begin, inside.flatMap(({ name, bytes }) => [path.posix.basename(name), bytes.byteLength])];
  });
  const text = Buffer.from(JSON.stringify(index));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(text.byteLength);
  if (4 + text.byteLength + at > mostBytes) throw new UserError("the packages of a Worker have at most 4 GiB");
  return Buffer.concat([size, text, ...parts]);
}

/**
 * Writes an image, whole or not at all. Throws UserError.
 * @param key What it is bound to; what it holds if not given.
 */
export function writeImage(file: string, files: readonly ImageFile[], key?: string): PackageImage {
  const bytes = imageBytes(files);
  const place = { file, key: key ?? loadAddon().sha256(bytes) };
  const why = loadAddon().writeKept(place, bytes);
  if (why !== null) throw new UserError(`${file} cannot be written: ${why}`);
  return place;
}

/** The files of a folder as an image has them. @param sources Where each is. */
export function imageFiles(
  sources: readonly { readonly source: string; readonly target: string }[],
  mount: string,
): ImageFile[] {
  return sources.map(({ source, target }) => ({ name: target.slice(mount.length + 1), bytes: readFileSync(source) }));
}
