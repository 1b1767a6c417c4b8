// Compiles the packages of a Worker once for all that have them: in an interpreter of its own, which runs nothing of theirs.
//
// Importing FastAPI takes as long to compile as to run. What comes of it lies in the cache (packages/bytecode.ts).
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { PyodideRelease } from "../config/compatibility_table.ts";
import { pyodideVersion } from "../layout.ts";
import type { Log } from "../log.ts";
import { bytecodeFolder, knownBytecode } from "../packages/bytecode.ts";
import { packageFiles, packageMount, workerMount } from "../packages/guest_files.ts";
import { madeFolder } from "../packages/host_pip.ts";
import { WorkerHost } from "../pool/worker_host.ts";
import { messageOf } from "../user_error.ts";
import type { GuestFile } from "../worker/protocol.ts";

const report = "bytecode";
/** Modules in one report, which has at most 64 MiB. */
const mostAtOnce = 200;

interface Head {
  readonly tag: string;
  readonly sizes: readonly number[];
}

const newline = 0x0a;

/** Puts what one report holds where Python looks for it. */
function writeBytecode(bytes: Uint8Array, names: readonly string[], folder: string): void {
  const end = bytes.indexOf(newline);
  const { tag, sizes } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as Head;
  if (!/^[a-z]+-\d+$/.test(tag) || sizes.length !== names.length) throw new Error("the report is of something else");
  let at = end + 1;
  for (const [index, name] of names.entries()) {
    const size = sizes[index] as number;
    if (size === 0) continue;
    const { dir, name: module } = path.parse(name);
    const target = path.join(folder, dir, "__pycache__");
    mkdirSync(target, { recursive: true });
    writeFileSync(path.join(target, `${module}.${tag}.pyc`), bytes.subarray(at, at + size));
    at += size;
  }
}

async function compileAll(files: readonly GuestFile[], packages: string, into: string): Promise<void> {
  let written: { readonly names: readonly string[]; readonly done: PromiseWithResolvers<void> } | undefined;
  let problem = "its interpreter ended";
  const worker = new WorkerHost({
    name: "compiler",
    describe: () => ({
      name: "compiler",
      main: "",
      folder: workerMount,
      files,
      folders: [packages],
      path: [],
      features: [],
      env: {},
      pythonEnv: {},
      runSync: true,
      deadlockWarningSeconds: 0,
      threadGraceSeconds: 0,
      reports: [report],
    }),
    onLog: (level, text) => {
      if (level === "error") problem = text;
    },
    // The compiler's warnings: those of who imports the module.
    onOutput: () => {},
    onReport: (_name, bytes) => {
      try {
        writeBytecode(bytes, written?.names ?? [], into);
      } catch (error) {
        written?.done.reject(error);
      }
    },
    onExit: (code) => {
      if (code === 0) written?.done.resolve();
      else written?.done.reject(new Error(problem));
    },
  });
  try {
    for (let from = 0; from < files.length; from += mostAtOnce) {
      const targets = files.slice(from, from + mostAtOnce).map(({ target }) => target);
      const done = Promise.withResolvers<void>();
      written = { names: targets.map((target) => target.slice(packageMount.length + 1)), done };
      await Promise.all([worker.run("blockon._compile", JSON.stringify(targets)), done.promise]);
    }
  } finally {
    await worker.stop();
  }
}

/** Compiles the modules in a folder of packages into another. What cannot be compiled is left out. */
export async function compileFolder(packages: string, into: string): Promise<void> {
  const files = packageFiles(packages, packageMount).filter(({ target }) => target.endsWith(".py"));
  await compileAll(inOrder(files), packages, into);
}

/** By their names, so that one compiler makes the same of the same. */
function inOrder(files: readonly GuestFile[]): GuestFile[] {
  return files.toSorted((one, other) => (one.target < other.target ? -1 : 1));
}

/**
 * Makes the bytecode of packages that the cache has, if it is not there. Without it all goes on, slower: a line of the log says so.
 * @param release The Worker's Pyodide. An older one compiles what it imports, each time.
 */
export async function compilePackages(
  packages: string | undefined,
  release: Pick<PyodideRelease, "version">,
  log: Pick<Log, "info" | "warn">,
): Promise<void> {
  if (release.version !== pyodideVersion) return;
  const folder = packages === undefined ? undefined : bytecodeFolder(packages);
  if (packages === undefined || folder === undefined || knownBytecode(packages) !== undefined) return;
  const files = packageFiles(packages, packageMount).filter(({ target }) => target.endsWith(".py"));
  log.info(`compiling ${files.length} modules of the Worker's Python packages, once`);
  try {
    await madeFolder(folder, (partial) => compileAll(inOrder(files), packages, partial));
  } catch (error) {
    log.warn(`the Worker's Python packages could not be compiled, so it starts more slowly: ${messageOf(error)}`);
  }
}
