// The image of installed packages (image.ts) in the cache, made once for all Workers that have them.
//
// Nothing depends on it: where it cannot be made, Workers get the files themselves.
import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { loadAddon } from "../addon.ts";
import type { Log } from "../log.ts";
import { makeFolder } from "../make_folder.ts";
import { cacheFolder } from "../user_cache.ts";
import { messageOf } from "../user_error.ts";
import { bytecodeFolder, knownBytecode } from "./bytecode.ts";
import { listPackages } from "./guest_files.ts";
import { imageFiles, type PackageImage, writeImage } from "./image.ts";
import { useImage } from "./known_images.ts";

/** Another form of an image gets another number. */
const form = 1;

/** Of packages that the cache has with their bytecode, which never change. */
function placeOf(packages: string): PackageImage | undefined {
  const bytecode = bytecodeFolder(packages);
  if (bytecode === undefined || knownBytecode(packages) === undefined) return undefined;
  const key = loadAddon().sha256(JSON.stringify([form, path.basename(packages), path.basename(bytecode)]));
  return { file: path.join(cacheFolder("images"), `${key.slice(0, 32)}.image`), key };
}

/** Has this process's Workers take the image of these packages, which is made where there is none. */
export function imagePackages(packages: string | undefined, log: Pick<Log, "warn">): void {
  const place = packages === undefined ? undefined : placeOf(packages);
  if (packages === undefined || place === undefined) return;
  const addon = loadAddon();
  try {
    if (existsSync(place.file)) {
      const why = addon.openImage(place);
      if (why === null) {
        useImage(packages, place);
        return;
      }
      log.warn(`the image of packages ${place.file} cannot be used: ${why}; making it anew`);
      rmSync(place.file, { force: true });
    }
    makeFolder(path.dirname(place.file), 0o700);
    const mount = "/packages";
    writeImage(place.file, imageFiles(listPackages(packages, mount), mount), place.key);
    const why = addon.openImage(place);
    if (why !== null) throw new Error(why);
    useImage(packages, place);
  } catch (error) {
    log.warn(`the Worker's Python packages have no image, so it starts more slowly: ${messageOf(error)}`);
  }
}
