// The files that a realm may read: those of the distribution that Pyodide's loader asks for, and the Worker's own, by list.
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import path from "node:path";
import type { BridgeValue } from "../../addon.ts";
import { realmLinks } from "../../layout.ts";
import { codeOf } from "../../user_error.ts";
import type { GuestFile } from "../protocol.ts";
import { needNumber, needString, type Operations } from "./operations.ts";

/** Bytes that are read at once of a file of the distribution. */
const mostPart = 1024 * 1024;

const distributionFiles: ReadonlySet<string> = new Set([
  "pyodide.asm.wasm",
  realmLinks,
  "python_stdlib.zip",
  "pyodide-lock.json",
]);

/** At most as many bytes as that. */
function readPart(file: string, at: number, length: number): Uint8Array {
  if (!Number.isSafeInteger(at) || at < 0 || !(length >= 0 && length <= mostPart)) throw new RangeError("no such part");
  const bytes = new Uint8Array(length);
  const opened = openSync(file, "r");
  try {
    return bytes.subarray(0, readSync(opened, bytes, 0, length, at));
  } finally {
    closeSync(opened);
  }
}

export interface FileOperations {
  readonly operations: Operations;
  /** The realm finds these, too, when it asks next. */
  add(files: readonly GuestFile[]): void;
  /** Others take the place of all. */
  replace(files: readonly GuestFile[]): void;
}

/** @param distribution The folder of the Worker's Pyodide. */
export function fileOperations(distribution: string): FileOperations {
  const sources = new Map<string, string>();
  /** Those that the realm has not asked for yet. */
  let news: readonly GuestFile[] = [];
  const assetFile = (nameValue: BridgeValue): string => {
    const name = needString(nameValue);
    if (!distributionFiles.has(name)) throw new Error(`${name} is no file of this distribution`);
    return path.join(distribution, name);
  };
  const operations: Operations = {
    asset: (name) => readFileSync(assetFile(name)),
    "asset.part": (name, at, length) => readPart(assetFile(name), needNumber(at), needNumber(length)),
    "asset.size": (name) => statSync(assetFile(name)).size,
    // A file that has gone meanwhile is one that cannot be read.
    "file.list": () => {
      const listed = news.map(({ target, source }) => [target, statSync(source, { throwIfNoEntry: false })?.size ?? 0]);
      news = [];
      return JSON.stringify(listed);
    },
    "file.read": (targetValue) => {
      const source = sources.get(needString(targetValue));
      if (source === undefined) throw new Error("there is no such file");
      try {
        return readFileSync(source);
      } catch (error) {
        // The system's text has the path, which is none of the Worker's business.
        throw new Error(`the file cannot be read (${codeOf(error)})`);
      }
    },
  };
  const add = (files: readonly GuestFile[]): void => {
    for (const { target, source } of files) sources.set(target, source);
    news = [...news, ...files];
  };
  return {
    operations,
    add,
    replace(others) {
      sources.clear();
      news = [];
      add(others);
    },
  };
}
