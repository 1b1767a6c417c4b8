// The packages of an artifact: the files of their image, and what each of them comes to.
import path from "node:path";
import { knownBytecode } from "../packages/bytecode.ts";
import { listPackages, packageMount } from "../packages/guest_files.ts";
import { type ImageFile, imageFiles } from "../packages/image.ts";
import { normalizedName } from "../packages/package_name.ts";
import type { PackedPackage } from "./manifest.ts";

/** What pip notes of how a package was installed: other places and indexes write other ones. */
const ofInstallation = /\.dist-info\/(?:direct_url\.json|INSTALLER|REQUESTED)$/;
const recordFile = /^[^/]+\.dist-info\/RECORD$/;
const metadataFile = /^([^/]+\.dist-info)\/METADATA$/;
const isBytecode = (name: string): boolean => name.endsWith(".pyc") && name.includes("__pycache__/");

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The first field of a line of a RECORD, which is a CSV. */
function recorded(line: string): string {
  const quoted = /^"((?:[^"]|"")*)"/.exec(line);
  return quoted === null ? (line.split(",", 1)[0] as string) : (quoted[1] as string).replaceAll('""', '"');
}

/** The lines of a RECORD that are of files which are there, in order. */
function ownLines(record: string, names: ReadonlySet<string>): string {
  const lines = record.split(/\r?\n/).filter((line) => line !== "" && names.has(recorded(line)));
  return lines
    .sort()
    .map((line) => `${line}\n`)
    .join("");
}

/**
 * The files of installed packages, as every installation of the same lock has them.
 * @param bytecode The folder of their bytecode; that of the cache, if there is one, unless given.
 */
export function packedFiles(packages: string, bytecode?: string): ImageFile[] {
  const files = imageFiles(listPackages(packages, packageMount, bytecode), packageMount).filter(
    ({ name }) => !ofInstallation.test(name),
  );
  const names = new Set(files.map(({ name }) => name));
  return files.map((file) =>
    recordFile.test(file.name) ? { ...file, bytes: new TextEncoder().encode(ownLines(text(file.bytes), names)) } : file,
  );
}

/** Whether the cache has their bytecode. */
export const hasBytecode = (packages: string): boolean => knownBytecode(packages) !== undefined;

function field(metadata: string, name: string): string {
  return new RegExp(`^${name}:[ \\t]*(.*?)\\r?$`, "m").exec(metadata)?.[1] ?? "";
}

/** Where the bytecode of a module comes from. */
function sourceOf(name: string): string {
  const { dir, base } = path.posix.parse(name);
  return path.posix.join(path.posix.dirname(dir), `${base.split(".", 1)[0]}.py`);
}

/** What each package comes to, the largest first. Files of none of them are one without a name. */
export function sizeReport(files: readonly ImageFile[]): PackedPackage[] {
  const owners = new Map<string, string>();
  const packages = new Map<string, { name: string; version: string; files: number; bytes: number; bytecode: number }>();
  for (const file of files) {
    const folder = metadataFile.exec(file.name)?.[1];
    if (folder === undefined) continue;
    const metadata = text(file.bytes);
    const entry = { version: field(metadata, "Version"), files: 0, bytes: 0, bytecode: 0 };
    packages.set(folder, { name: normalizedName(field(metadata, "Name")), ...entry });
    for (const each of files) if (each.name.startsWith(`${folder}/`)) owners.set(each.name, folder);
    const record = files.find(({ name }) => name === `${folder}/RECORD`);
    for (const line of record === undefined ? [] : text(record.bytes).split("\n")) owners.set(recorded(line), folder);
  }
  packages.set("", { name: "", version: "", files: 0, bytes: 0, bytecode: 0 });
  for (const { name, bytes } of files) {
    const owner = owners.get(isBytecode(name) ? sourceOf(name) : name) ?? "";
    const entry = packages.get(owner);
    if (entry === undefined) continue;
    if (isBytecode(name)) entry.bytecode += bytes.byteLength;
    else entry.bytes += bytes.byteLength;
    entry.files += 1;
  }
  return [...packages.values()]
    .filter((each) => each.files > 0)
    .sort((one, other) => other.bytes + other.bytecode - one.bytes - one.bytecode || (one.name < other.name ? -1 : 1));
}
