// Files of an assets folder by the paths of URLs. No path leads out of the folder, by dots, encoded characters or links; what begins with a dot
// is not there, save /.well-known, nor are the files that say something about others.
import path from "node:path";
import { codeOf } from "../user_error.ts";
import { promises } from "./promises.ts";

export interface AssetFile {
  /** On the host. */
  readonly file: string;
  readonly size: number;
  /** A strong validator: it changes with the file. */
  readonly etag: string;
}

const aboutOthers: ReadonlySet<string> = new Set(["_headers", "_redirects", "_worker.js"]);
/** What the system says about a path that names no file. */
const absent: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP", "EACCES"]);

/** The names that a path is made of; undefined when it cannot name a file. */
function segmentsOf(pathname: string): string[] | undefined {
  let segments: string[];
  try {
    segments = pathname.slice(1).split("/").map(decodeURIComponent);
  } catch {
    return undefined; // % without two digits behind it, or no UTF-8.
  }
  const isName = (name: string, index: number): boolean =>
    name !== "" && !/[/\\\0]/.test(name) && (!name.startsWith(".") || (index === 0 && name === ".well-known"));
  if (!segments.every(isName) || (segments.length === 1 && aboutOthers.has(segments[0] as string))) return undefined;
  return segments;
}

/** @param pathname Of a URL, beginning with a slash. */
export async function findFile(directory: string, pathname: string): Promise<AssetFile | undefined> {
  const segments = segmentsOf(pathname);
  if (segments === undefined) return undefined;
  try {
    const [root, file] = await Promise.all([
      promises().realpath(directory),
      promises().realpath(path.join(directory, ...segments)),
    ]);
    if (!file.startsWith(`${root}${path.sep}`)) return undefined;
    const { size, mtimeMs, isFile } = await promises()
      .stat(file)
      .then((found) => ({ ...found, isFile: found.isFile() }));
    if (!isFile) return undefined;
    return { file, size, etag: `"${size.toString(36)}-${Math.round(mtimeMs * 1000).toString(36)}"` };
  } catch (error) {
    if (absent.has(codeOf(error))) return undefined;
    throw error;
  }
}
