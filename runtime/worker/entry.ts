// The file that a Worker's thread begins with: a bundle's, where there is one.
import { existsSync } from "node:fs";
import path from "node:path";

const bundle = new URL("./main.cjs", import.meta.url);

export const workerEntry = existsSync(bundle)
  ? bundle
  : new URL(`./main${path.extname(import.meta.url)}`, import.meta.url);
