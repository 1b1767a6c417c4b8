// Which files a Worker's interpreter gets, and where: the layout that Cloudflare's Python Workers have.
import { type Dirent, readdirSync } from "node:fs";
import path from "node:path";
import { layout } from "../layout.ts";
import { UserError } from "../user_error.ts";
import type { GuestFile } from "../worker/protocol.ts";
import { knownBytecode } from "./bytecode.ts";
import { lockFileName } from "./lock_file.ts";
import { vendorFolder } from "./python_packages.ts";
import { requirementsFile } from "./requirements.ts";

/** The Worker's own files. */
export const workerMount = "/session/metadata";
/** Its packages. */
export const packageMount = `${workerMount}/${vendorFolder}`;
const sdkMount = "/blockon/sdk";
const toolMount = "/blockon/tools";

const skippedFolders: ReadonlySet<string> = new Set(["node_modules", "__pycache__", vendorFolder, "dist", "build"]);
/** What is for the installation of its packages. */
const notOwn: ReadonlySet<string> = new Set([requirementsFile, lockFileName]);
const mostFiles = 20_000;

function skipped(entry: Dirent): boolean {
  return entry.name.startsWith(".") || (entry.isDirectory() && skippedFolders.has(entry.name));
}

/** Whether a file or folder of this name can be one of a Worker's own files. */
export function isOwnFile(name: string): boolean {
  return !name.startsWith(".") && !skippedFolders.has(name);
}

/** The regular files below a folder; links are not followed. */
function listFiles(folder: string, mount: string, skip: (entry: Dirent, file: string) => boolean): GuestFile[] {
  const files: GuestFile[] = [];
  const visit = (relative: string): void => {
    for (const entry of readdirSync(path.join(folder, relative), { withFileTypes: true })) {
      const inside = path.posix.join(relative, entry.name);
      if (skip(entry, path.join(folder, inside))) continue;
      if (entry.isDirectory()) visit(inside);
      else if (entry.isFile()) files.push({ source: path.join(folder, inside), target: `${mount}/${inside}` });
      if (files.length > mostFiles) {
        throw new UserError(`${folder} holds more than ${mostFiles} files: is this the folder of a Worker?`);
      }
    }
  };
  visit("");
  return files;
}

export interface GuestTree {
  readonly files: readonly GuestFile[];
  /** In front of sys.path, in this order. */
  readonly path: readonly string[];
  /** Those of the host in which the files are, and others that are made later. */
  readonly folders: readonly string[];
}

const isBytecode = (entry: Dirent): boolean => entry.name === "__pycache__";

/** The Worker's own files. @param assets The folder of its assets, which are none of them. */
export function ownFiles(workerFolder: string, assets?: string): readonly GuestFile[] {
  return listFiles(workerFolder, workerMount, (entry, file) => skipped(entry) || file === assets).filter(
    (file) => !notOwn.has(path.basename(file.source)),
  );
}

/** Installed packages, without the programs that come with some, with their bytecode where the cache has it. */
export function packageFiles(packages: string, mount: string): GuestFile[] {
  const files = listFiles(packages, mount, (entry) => isBytecode(entry) || entry.name === "bin");
  const bytecode = knownBytecode(packages);
  return bytecode === undefined ? files : [...files, ...listFiles(bytecode, mount, () => false)];
}

/** The folders of the host in which those files are. */
function packageFolders(packages: string): readonly string[] {
  return [packages, knownBytecode(packages)].filter((folder) => folder !== undefined);
}

/** With packages of a tool's, behind those of the Worker. */
export function withTool({ files, path: sysPath, folders }: GuestTree, packages: string): GuestTree {
  return {
    files: [...files, ...packageFiles(packages, toolMount)],
    path: [...sysPath, toolMount],
    folders: [...folders, ...packageFolders(packages)],
  };
}

/**
 * @param workerFolder Undefined for a program of our own.
 * @param assets The folder of the Worker's assets, which are none of its own files.
 */
export function guestTree(workerFolder: string | undefined, packages: string | undefined, assets?: string): GuestTree {
  const files = packageFiles(layout.sdk, sdkMount).filter(({ source }) => !source.includes(".dist-info/"));
  const sysPath = [sdkMount];
  if (packages !== undefined) {
    files.push(...packageFiles(packages, packageMount));
    sysPath.unshift(packageMount);
  }
  if (workerFolder !== undefined) {
    files.push(...ownFiles(workerFolder, assets));
    sysPath.unshift(workerMount);
  }
  const folders = [...packageFolders(layout.sdk)];
  if (packages !== undefined) folders.push(...packageFolders(packages));
  if (workerFolder !== undefined) folders.push(workerFolder);
  return { files, path: sysPath, folders };
}
