// Pyodide's own wheels (numpy, pandas ...): those of its full distribution, in a folder or below a URL, as pyodide-lock.json names them.
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../user_error.ts";
import type { LockedByPyodide, Target } from "./target.ts";

export interface PyodideWheels {
  /** The URL of a file; undefined where the folder has it not. */
  urlOf(fileName: string): string | undefined;
}

const isUrl = (place: string): boolean => /^https?:\/\//i.test(place);

const advice = "Give the folder or URL of Pyodide's wheels, by --wheels or as wheels in [blockon.packages].";

/** @param place A folder, or a URL below which the files are. */
export function openPyodideWheels(place: string): PyodideWheels {
  if (isUrl(place)) {
    const base = URL.parse(place.endsWith("/") ? place : `${place}/`);
    if (base === null) throw new UserError(`${place}: this is no URL. ${advice}`);
    return { urlOf: (fileName) => new URL(encodeURIComponent(fileName), base).href };
  }
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UserError(`${place}: there is no such folder. ${advice}`);
  }
  return {
    urlOf: (fileName) => {
      const file = path.join(place, fileName);
      return existsSync(file) ? pathToFileURL(file).href : undefined;
    },
  };
}

function wheelsOf(target: Target): LockedByPyodide[] {
  return [...target.locked.values()].filter(({ file_name: name }) => name.endsWith(".whl"));
}

/** A page of links for pip, each with the hash that pyodide-lock.json has: pip takes no file with another one. */
export function linksPage(wheels: PyodideWheels, target: Target): string {
  const links = wheelsOf(target).flatMap(({ file_name: name, sha256 }) => {
    const url = wheels.urlOf(name);
    return url === undefined ? [] : [`<a href="${url}#sha256=${sha256}">${name}</a>`];
  });
  return `<!DOCTYPE html>\n<html><body>\n${links.join("\n")}\n</body></html>\n`;
}

/** Throws UserError for a package of Pyodide's that needs a library beside its wheel: none is loaded here. */
export function checkLibraries(target: Target, fileName: string): void {
  const entry = wheelsOf(target).find(({ file_name: name }) => name === fileName);
  const library = entry?.depends.find((name) => target.locked.get(name)?.package_type === "shared_library");
  if (entry === undefined || library === undefined) return;
  throw new UserError(
    `${entry.name} needs the shared library ${library} of Pyodide's distribution, which this runtime does not load.`,
  );
}
