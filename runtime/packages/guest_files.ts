// Which files a Worker's interpreter gets, and where: the layout that Cloudflare's Python Workers have.
import { type Dirent, readdirSync } from "node:fs";
import path from "node:path";
import { layout } from "../layout.ts";
import { UserError } from "../user_error.ts";
import type { GuestFile, GuestImage } from "../worker/protocol.ts";
import { knownBytecode } from "./bytecode.ts";
import type { PackageImage } from "./image.ts";
import { knownImage } from "./known_images.ts";
import { lockFileName } from "./lock_file.ts";
import { vendorFolder } from "./python_packages.ts";
import { requirementsFile } from "./requirements.ts";

/** The Worker's own files. */
export const workerMount = "/session/metadata";
/** Its packages. */
export const packageMount = `${workerMount}/${vendorFolder}`;
/** Cloudflare's SDK. */
export const sdkMount = "/blockon/sdk";
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

/** Where a Worker's packages are: a folder in which they are installed, or an image of them. */
export type Packages = string | PackageImage;

export interface GuestTree {
  readonly files: readonly GuestFile[];
  readonly images: readonly GuestImage[];
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

/**
 * The files of installed packages, without the programs that come with some, with their bytecode.
 * @param bytecode Its folder; that of the cache, if there is one, unless given.
 */
export function listPackages(packages: string, mount: string, bytecode = knownBytecode(packages)): GuestFile[] {
  const files = packageFiles(packages, mount);
  return bytecode === undefined ? files : [...files, ...listFiles(bytecode, mount, () => false)];
}

/** The same without bytecode. What an installer makes of entry points, programs of the host's, is no package's. */
export function packageFiles(packages: string, mount: string): GuestFile[] {
  const programs = path.join(packages, "bin");
  return listFiles(packages, mount, (entry, file) => isBytecode(entry) || file === programs);
}

interface Mounted {
  readonly files: readonly GuestFile[];
  readonly images: readonly GuestImage[];
  /** The folders of the host in which the files are. */
  readonly folders: readonly string[];
}

function mounted(packages: Packages, mount: string): Mounted {
  const image = typeof packages === "string" ? knownImage(packages) : packages;
  if (image !== undefined) return { files: [], images: [{ ...image, mount }], folders: [] };
  const folder = packages as string;
  const folders = [folder, knownBytecode(folder)].filter((each) => each !== undefined);
  return { files: listPackages(folder, mount), images: [], folders };
}

/** What a process's Workers have of the SDK, with the bytecode and the image by which it was listed: those may come later. */
let ofSdk: { readonly by: readonly unknown[]; readonly tree: Mounted } | undefined;

function sdkTree(): Mounted {
  const by = [layout.sdk, knownImage(layout.sdk), knownBytecode(layout.sdk)];
  if (ofSdk === undefined || by.some((each, i) => each !== ofSdk?.by[i])) {
    const { files, ...rest } = mounted(layout.sdk, sdkMount);
    ofSdk = { by, tree: { ...rest, files: files.filter(({ source }) => !source.includes(".dist-info/")) } };
  }
  return ofSdk.tree;
}

/** With packages of a tool's, behind those of the Worker. */
export function withTool({ files, images, path: sysPath, folders }: GuestTree, packages: string): GuestTree {
  const tool = mounted(packages, toolMount);
  return {
    files: [...files, ...tool.files],
    images: [...images, ...tool.images],
    path: [...sysPath, toolMount],
    folders: [...folders, ...tool.folders],
  };
}

/**
 * @param workerFolder Undefined for a program of our own.
 * @param assets The folder of the Worker's assets, which are none of its own files.
 */
export function guestTree(
  workerFolder: string | undefined,
  packages: Packages | undefined,
  assets?: string,
): GuestTree {
  const sdk = sdkTree();
  const files = [...sdk.files];
  const images = [...sdk.images];
  const folders = [...sdk.folders];
  const sysPath = [sdkMount];
  if (packages !== undefined) {
    const added = mounted(packages, packageMount);
    files.push(...added.files);
    images.push(...added.images);
    folders.push(...added.folders);
    sysPath.unshift(packageMount);
  }
  if (workerFolder !== undefined) {
    files.push(...ownFiles(workerFolder, assets));
    folders.push(workerFolder);
    sysPath.unshift(workerMount);
  }
  return { files, images, path: sysPath, folders };
}
