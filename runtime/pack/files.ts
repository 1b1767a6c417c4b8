// The files of an artifact: written into a folder beside, which then takes the place of the former one, so that it is whole or not there.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { makeFolder } from "../make_folder.ts";
import { messageOf, UserError } from "../user_error.ts";
import { isArtifact, type Manifest, manifestFile, manifestText, type Part, sha256 } from "./manifest.ts";

export interface ArtifactFile {
  /** Relative to the artifact, with forward slashes. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Of all files and folders, so that an archive of two that are the same is the same: 1 January 1980, the first day that a zip knows. */
const time = Date.UTC(1980, 0, 1) / 1000;

/** Throws UserError where the folder has something else. */
export function checkOut(out: string): void {
  if (!existsSync(out) || isArtifact(out)) return;
  let names: readonly string[] = [];
  try {
    names = readdirSync(out);
  } catch (error) {
    throw new UserError(`${out}: the artifact cannot be written there: ${messageOf(error)}`, { cause: error });
  }
  if (names.length > 0)
    throw new UserError(`${out} holds other things than an artifact. Name an empty folder, or a new one, by --out.`);
}

/** Sets the times of all that is in a folder, and its own. */
function setTimes(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const inside = path.join(folder, entry.name);
    if (entry.isDirectory()) setTimes(inside);
    else utimesSync(inside, time, time);
  }
  utimesSync(folder, time, time);
}

/** What a manifest has of files. */
export function partsOf(files: readonly ArtifactFile[]): { readonly [name: string]: Part } {
  return Object.fromEntries(files.map(({ name, bytes }) => [name, { bytes: bytes.byteLength, sha256: sha256(bytes) }]));
}

function fill(folder: string, files: readonly ArtifactFile[], facts: Omit<Manifest, "parts">): Manifest {
  for (const { name, bytes } of files) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes, { mode: 0o644 });
  }
  const manifest: Manifest = { ...facts, parts: partsOf(files) };
  writeFileSync(path.join(folder, manifestFile), manifestText(manifest), { mode: 0o644 });
  setTimes(folder);
  return manifest;
}

/** Throws UserError; then what was there is there. */
export function writeArtifact(out: string, files: readonly ArtifactFile[], facts: Omit<Manifest, "parts">): Manifest {
  checkOut(out);
  const partial = `${out}.${process.pid}.partial`;
  const former = `${out}.${process.pid}.former`;
  try {
    makeFolder(path.resolve(partial));
    const manifest = fill(partial, files, facts);
    if (existsSync(out)) renameSync(out, former);
    renameSync(partial, out);
    return manifest;
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${out}: the artifact cannot be written: ${messageOf(error)}`, { cause: error });
  } finally {
    rmSync(partial, { recursive: true, force: true });
    rmSync(former, { recursive: true, force: true });
  }
}
