// Where the parts of this package lie: in a checkout and in an installed package alike, and in a distribution folder, which
// `./dev dist DIR` makes of the part of them that an embedder needs.
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The Pyodide that the processed distribution is made of. */
export const pyodideVersion = "314.0.7";

/** In a distribution's folder: the wasm that Workers run, and the file that says where what it does not export is. */
export const realmWasm = "realm.asm.wasm";
export const realmLinks = "realm.links.json";

export const packageRoot = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Whether this is a distribution folder, with Pyodide's files at its top. */
const isDistribution = existsSync(path.join(packageRoot, "pyodide.asm.wasm"));

export const layout = {
  addon: path.join(packageRoot, ...(isDistribution ? [] : ["build", "release"]), "blockon.node"),
  distribution: isDistribution ? packageRoot : path.join(packageRoot, "build", "dist", pyodideVersion),
  sdk: path.join(packageRoot, "build", "dist", "sdk"),
  runtime: path.join(packageRoot, "runtime"),
  realm: path.join(packageRoot, "runtime", "realm"),
} as const;

/** Whether this is a checkout of the repository, in which parts may still have to be built. */
export const isCheckout = existsSync(path.join(packageRoot, "CMakeLists.txt"));

/** What to do about a part that is missing. */
export const howToRepair = isCheckout
  ? "Run `./dev build`."
  : isDistribution
    ? "Make this folder again by `./dev dist`."
    : "Install the package blockon again.";
