// Where the parts of this package lie, in a checkout and in an installed package alike.
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The Pyodide that the processed distribution is made of. */
export const pyodideVersion = "314.0.7";

export const packageRoot = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

export const layout = {
  addon: path.join(packageRoot, "build", "release", "blockon.node"),
  distribution: path.join(packageRoot, "build", "dist", pyodideVersion),
  sdk: path.join(packageRoot, "build", "dist", "sdk"),
  realm: path.join(packageRoot, "runtime", "realm"),
} as const;

/** Whether this is a checkout of the repository, in which parts may still have to be built. */
export const isCheckout = existsSync(path.join(packageRoot, "CMakeLists.txt"));

/** What to do about a part that is missing. */
export const howToRepair = isCheckout ? "Run `./dev build`." : "Install the package blockon again.";
