// The manifest of an artifact: what was packed, by which build, and each part with its digest.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { loadAddon } from "../addon.ts";
import { messageOf, UserError } from "../user_error.ts";

/** Makes a folder an artifact. */
export const manifestFile = "blockon-artifact.json";
export const lockPart = "pylock.blockon.toml";
export const imagePart = "packages.image";
/** The memory of an interpreter that has run the Worker's top level. */
export const snapshotPart = "worker.snapshot";
/** The folder of the Worker's own files. */
export const workerPart = "worker";

const format = 2;

export interface Part {
  readonly bytes: number;
  readonly sha256: string;
}

export interface PackedPackage {
  readonly name: string;
  readonly version: string;
  readonly files: number;
  /** Without bytecode. */
  readonly bytes: number;
  readonly bytecode: number;
}

export interface Manifest {
  readonly blockon: {
    readonly version: string;
    /** Of all that an interpreter is made of. */
    readonly build: string;
  };
  readonly worker: {
    readonly name: string;
    readonly main: string;
    readonly environment: string | null;
    readonly compatibilityDate: string;
    readonly compatibilityFlags: readonly string[];
  };
  readonly runtime: {
    readonly pyodide: string;
    readonly python: string;
    readonly platform: string;
    readonly node: string;
    readonly v8: string;
    readonly architecture: string;
    readonly v8Flags: readonly string[];
  };
  /** The key of the image of packages; null where there are none. */
  readonly image: string | null;
  /** The key of the snapshot, which says what can begin with it; null where there is none. */
  readonly snapshot: string | null;
  readonly packages: readonly PackedPackage[];
  /** All files beside the manifest, by their names. */
  readonly parts: { readonly [name: string]: Part };
}

export const sha256 = (bytes: Uint8Array | string): string => loadAddon().sha256(bytes);

/** With the keys of all objects in order. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, inOrder(each)]));
}

const textOf = (value: unknown): string => `${JSON.stringify(inOrder(value), undefined, 1)}\n`;

/** With a digest of its own, so that a damage of it shows, too. */
export function manifestText(manifest: Manifest): string {
  return textOf({ format, ...manifest, digest: sha256(textOf(manifest)) });
}

export const packAgain = "Pack the Worker again: blockon pack.";

function refuse(file: string, why: string, cause?: unknown): never {
  throw new UserError(`${file}: this artifact cannot be used: ${why}. ${packAgain}`, { cause });
}

/** Throws UserError for what is no whole manifest of this format. */
export function parseManifest(text: string, file: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(file, `its manifest is damaged or truncated: ${messageOf(error)}`, error);
  }
  if (typeof value !== "object" || value === null) return refuse(file, "its manifest is damaged");
  const { format: found, digest, ...manifest } = value as Manifest & { format?: unknown; digest?: unknown };
  if (found !== format)
    return refuse(file, `it is of the format ${JSON.stringify(found)}, and this blockon knows ${format}`);
  // What has the digest of its text was written by manifestText().
  if (digest !== sha256(textOf(manifest))) return refuse(file, "its manifest is damaged");
  return manifest;
}

/** Whether a folder is an artifact, be it whole or not. */
export function isArtifact(folder: string): boolean {
  return existsSync(path.join(folder, manifestFile));
}

/** Throws UserError. */
export function readManifest(folder: string): Manifest {
  const file = path.join(folder, manifestFile);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`${file}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return parseManifest(text, file);
}
