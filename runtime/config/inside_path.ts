// Paths of a Worker's folder, as its configuration names them.
import path from "node:path";
import type { Reader } from "./reader.ts";

/** Relative to the folder, with forward slashes, never above it. */
export function insidePath(reader: Reader, key: string, value: string): string {
  const normal = path.posix.normalize(value.replaceAll("\\", "/"));
  if (path.posix.isAbsolute(normal) || normal === ".." || normal.startsWith("../")) {
    reader.fail(key, value, "a path inside the Worker's folder");
  }
  return normal;
}
