// What an artifact is made by and for.
import { readFileSync } from "node:fs";
import path from "node:path";
import type { PyodideRelease } from "../config/compatibility_table.ts";
import { distributionFolder } from "../distributions.ts";
import { packageRoot } from "../layout.ts";
import { buildDigest } from "../snapshots/key.ts";
import { v8Arguments } from "../v8_flags.mjs";
import type { Manifest } from "./manifest.ts";

export function runtimeFacts(release: PyodideRelease): Pick<Manifest, "blockon" | "runtime"> {
  const { version } = JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { version: string };
  return {
    blockon: { version, build: buildDigest(distributionFolder(release)) },
    runtime: {
      pyodide: release.version,
      python: release.python.version,
      platform: release.platform,
      node: process.version,
      v8: process.versions.v8,
      architecture: process.arch,
      v8Flags: v8Arguments,
    },
  };
}
