// Packages that are loaded when somebody first needs them: most Workers' threads never do, and reading undici alone takes longer than all
// else that one loads.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

function once<T>(name: string): () => T {
  let loaded: T | undefined;
  return () => {
    loaded ??= require(name) as T;
    return loaded;
  };
}

export const undici = once<typeof import("undici")>("undici");
export const ws = once<typeof import("ws")>("ws");
export const mime = once<typeof import("mime")>("mime");
export const croner = once<typeof import("croner")>("croner");
