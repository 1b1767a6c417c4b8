// Node's permission model for a Worker's thread: what code that left its realm finds there. It is depth behind the realm, and no wall:
// the addon, which the thread needs, could do anything, and what is C++ alone (SQLite) asks nobody.
//
// For each thread and not for the process: the server installs packages, takes deployments and keeps what bindings are given; a Worker's
// thread reads the runtime, its own Worker's files, and nothing else. It starts no process, no thread, no inspector, and writes nothing.
import path from "node:path";
import { installedPackage } from "../installed_package.ts";
import { layout, packageRoot } from "../layout.ts";
import type { ThreadOptions, WorkerSettings } from "../worker/protocol.ts";

/** Packages that a Worker's thread loads; they may lie beside this one. */
const dependencies = ["undici", "ws", "web-streams-polyfill"];

/** The folder node_modules in which a package is installed. */
const beside = (name: string): string => path.dirname(installedPackage(name));

let ofRuntime: readonly string[] | undefined;

/** Arguments for the thread. */
export function threadPermissions(
  options: Pick<ThreadOptions, "distribution"> & Pick<WorkerSettings, "folders" | "assets" | "kv">,
): string[] {
  ofRuntime ??= [packageRoot, path.dirname(layout.addon), layout.distribution, ...dependencies.map(beside)];
  const readable = new Set([
    ...ofRuntime,
    ...options.folders,
    ...[options.distribution, options.assets?.directory, options.kv?.stateFolder].filter((each) => each !== undefined),
  ]);
  return [
    "--permission",
    "--allow-addons",
    "--allow-net",
    ...[...readable].map((folder) => `--allow-fs-read=${folder}`),
    // What these two warn of is said above.
    "--disable-warning=PERM0001",
    "--disable-warning=ExperimentalWarning",
  ];
}
