// The Python packages of a benchmark, for Pyodide.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { packageFolder } from "../../runtime/packages/python_packages.ts";
import { progress } from "./progress.mjs";

/** @param {string} name a file beside requirements.txt, or that */
const textOf = (name) => readFileSync(path.join(import.meta.dirname, "..", name), "utf8");

/** @param {string} requirements @param {string} what @returns {Promise<string>} the folder they are in */
async function install(requirements, what) {
  const folder = mkdtempSync(path.join(tmpdir(), "blockon-bench-"));
  try {
    writeFileSync(path.join(folder, "requirements.txt"), requirements);
    return await packageFolder(folder, () => progress(`installing ${what}`));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Those of requirements.txt between the line with this name and the next such line. @param {string} name */
export function requirementsFor(name) {
  const [, ...lists] = textOf("requirements.txt").split(/^(?=# )/m);
  const list = lists.find((each) => each.startsWith(`# ${name}:`));
  if (list === undefined) throw new Error(`benchmarks/requirements.txt has no list ${name}`);
  return list;
}

/** CPython's peers have the same ones. @param {string} name as above */
export const benchPackages = (name) => install(requirementsFor(name), "the clients for Pyodide");

/** Those of a Python Worker in workerd: Cloudflare's SDK, and the clients where a name is given. @param {string} [name] as above */
export const workerdPackages = (name) =>
  install(
    `${name === undefined ? "" : requirementsFor(name)}${textOf("workerd_requirements.txt")}`,
    "the Python packages for workerd",
  );
