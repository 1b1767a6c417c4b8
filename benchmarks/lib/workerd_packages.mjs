// workerd as npm has it, and the bundle it runs Python from: put into build/bench when a benchmark asks for them first.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { progress } from "./progress.mjs";
import { assembleBundle, BUNDLE_FILE } from "./workerd_bundle.mjs";

const run = promisify(execFile);
const benchmarks = path.dirname(import.meta.dirname);
const MANIFESTS = ["package.json", "package-lock.json"].map((name) => path.join(benchmarks, name));
const ASSEMBLER = ["workerd_bundle.mjs", "workerd_glue.mjs"].map((name) => path.join(import.meta.dirname, name));

/** @typedef {{program: string, bundles: string}} Workerd the executable, and the folder with its bundle */

/** Without install scripts: the executable is used where it lies. */
async function install(folder) {
  for (const file of MANIFESTS) copyFileSync(file, path.join(folder, path.basename(file)));
  try {
    await run("npm", ["ci", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"], { cwd: folder });
  } catch (error) {
    const lines = (error.stderr ?? "").trim().split("\n");
    throw new Error(`npm could not install what benchmarks/package.json names: ${lines[0] || error.message}`, {
      cause: error,
    });
  }
}

/** Where it is, or is to be put: a folder for each list of packages and each way to make a bundle. */
function place() {
  const key = createHash("sha256");
  for (const file of [...MANIFESTS, ...ASSEMBLER]) key.update(readFileSync(file)).update("\0");
  const folder = path.join(path.dirname(benchmarks), "build", "bench", `workerd-${key.digest("hex").slice(0, 16)}`);
  const program = path.join(folder, "node_modules", "@cloudflare", "workerd-linux-64", "bin", "workerd");
  return { folder, workerd: { program, bundles: path.join(folder, "bundles") } };
}

/** That which a benchmark has installed, if one has. @returns {Workerd | undefined} */
export function installedWorkerd() {
  const { folder, workerd } = place();
  return existsSync(folder) ? workerd : undefined;
}

/**
 * It is installed if it is not yet.
 * @returns {Promise<Workerd>} Throws an Error that says why there is none.
 */
export async function provideWorkerd() {
  const { folder, workerd } = place();
  if (existsSync(folder)) return workerd;
  const partial = `${folder}.${process.pid}.partial`;
  try {
    progress("installing workerd, and assembling its bundle of Pyodide");
    mkdirSync(path.join(partial, "bundles"), { recursive: true });
    await install(partial);
    const bundle = assembleBundle(path.join(partial, "node_modules", "pyodide-in-workerd"));
    writeFileSync(path.join(partial, "bundles", BUNDLE_FILE), bundle);
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return workerd;
}
