// The Python packages of a benchmark, for Pyodide.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { packageFolder } from "../../runtime/packages/python_packages.ts";
import { progress } from "./progress.mjs";

/**
 * Those of requirements.txt that follow the line with this name; CPython's peers have the same ones.
 * @param {string} name @returns {Promise<string>} the folder they are in
 */
export async function benchPackages(name) {
  const text = readFileSync(path.join(import.meta.dirname, "../requirements.txt"), "utf8");
  const folder = mkdtempSync(path.join(tmpdir(), "blockon-bench-"));
  try {
    writeFileSync(path.join(folder, "requirements.txt"), text.slice(text.indexOf(`# ${name}`)));
    return await packageFolder(folder, () => progress("installing the clients for Pyodide"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
