// Which packages have an image that this process has opened.
import type { PackageImage } from "./image.ts";

/** By the folder of the packages. */
const known = new Map<string, PackageImage>();

export function useImage(packages: string, image: PackageImage): void {
  known.set(packages, image);
}

/** The image of the packages in a folder, if it can be used. */
export function knownImage(packages: string): PackageImage | undefined {
  return known.get(packages);
}
