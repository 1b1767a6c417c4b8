// Packs a Worker: resolves and compiles its packages, looks at its imports, runs its top level, and writes one artifact, from which a server starts
// it without any of that (artifact.ts). docs/pack.md
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { compileFolder, compilePackages } from "../cli/compile_packages.ts";
import { readWorkerConfig, type WorkerConfig } from "../config/wrangler.ts";
import { pyodideVersion } from "../layout.ts";
import { lockText } from "../packages/lock_file.ts";
import { installedPackages } from "../packages/python_packages.ts";
import { targetOf } from "../packages/target.ts";
import { runtimeFacts } from "./facts.ts";
import { type ArtifactFile, writeArtifact } from "./files.ts";
import { findImports, type ImportReport } from "./imports.ts";
import { lockPart, type Manifest, type PackedPackage, workerPart } from "./manifest.ts";
import { hasBytecode, packedFiles, sizeReport } from "./packages.ts";
import { runTopLevel } from "./top_level.ts";
import { workerFiles } from "./worker_files.ts";

export interface PackOptions {
  /** The folder of the artifact. */
  readonly out: string;
  readonly env: string | undefined;
  /** The folder or URL of Pyodide's own wheels. */
  readonly wheels: string | undefined;
}

export interface PackTelling {
  /** A step begins. */
  step(name: string): void;
  /** What the user should know. */
  warn(text: string): void;
  /** What the Worker writes. */
  worker(text: string): void;
}

export interface Packed {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly imports: ImportReport;
  /** Why a snapshot cannot hold what the top level has made. */
  readonly noSnapshot: readonly string[];
}

/** A folder of installed packages, and their files as an image has them. */
interface Installed {
  readonly folder: string;
  readonly lock: string | undefined;
  readonly files: ReturnType<typeof packedFiles>;
  readonly report: readonly PackedPackage[];
}

async function install(
  config: WorkerConfig,
  wheels: string | undefined,
  tell: PackTelling,
): Promise<Installed | undefined> {
  const { runs } = config.python;
  tell.step("resolving packages");
  const found = await installedPackages(config.folder, () => tell.step("installing packages"), {
    packageSet: config.compatibility.packageSet,
    wheels: wheels ?? config.wheels,
    target: targetOf(runs),
    onNotice: tell.warn,
  });
  if (found === undefined) return undefined;
  const { folder } = found;
  const lock = found.lock === undefined ? undefined : lockText(found.lock);
  tell.step("compiling packages");
  await compilePackages(folder, runs, { info: () => {}, warn: tell.warn });
  if (runs.version !== pyodideVersion || hasBytecode(folder)) {
    const files = packedFiles(folder);
    return { folder, lock, files, report: sizeReport(files) };
  }
  // Those of python_modules may change, so that the cache has nothing of them.
  const scratch = mkdtempSync(path.join(os.tmpdir(), "blockon-pack-"));
  try {
    await compileFolder(folder, scratch);
    const files = packedFiles(folder, scratch);
    return { folder, lock, files, report: sizeReport(files) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function tellOfImports(config: WorkerConfig, { missing, syntax }: ImportReport, tell: PackTelling): void {
  for (const { file, line, message } of syntax)
    tell.warn(`${path.join(config.folder, file)}:${line}: this is no Python: ${message}`);
  for (const { file, line, name } of missing)
    tell.warn(
      `${path.join(config.folder, file)}:${line}: ${name} is imported, and it is neither the Worker's, nor a package of its requirements, nor of ` +
        "Python. Name its package in requirements.txt, or put the import into a try if the Worker can do without.",
    );
}

/** Throws UserError where there is nothing that could be served. */
export async function pack(folder: string, { out, env, wheels }: PackOptions, tell: PackTelling): Promise<Packed> {
  tell.step("reading the configuration");
  const read = readWorkerConfig(folder, { env });
  for (const warning of read.warnings) tell.warn(warning);
  const config: WorkerConfig = { ...read, secrets: {} };
  const files: ArtifactFile[] = workerFiles(config, out).map(({ name, source }) => ({
    name: `${workerPart}/${name}`,
    bytes: readFileSync(source),
  }));
  const installed = await install(config, wheels, tell);
  let imports: ImportReport = { missing: [], syntax: [], packages: [] };
  if (config.python.runs.version === pyodideVersion) {
    tell.step("looking at its imports");
    imports = await findImports(config, installed?.folder);
    tellOfImports(config, imports, tell);
  }
  tell.step("running its top level");
  const noSnapshot = await runTopLevel(config, installed?.folder, tell.worker);
  if (noSnapshot.length > 0) {
    const lines = noSnapshot.map((line) => `\n  ${line}`).join("");
    tell.warn(`each start runs the Worker's top level anew, since no snapshot can hold what it makes:${lines}`);
  }
  tell.step("writing the artifact");
  if (installed?.lock !== undefined) files.push({ name: lockPart, bytes: Buffer.from(installed.lock) });
  const { name, main, compatibility, python } = config;
  const manifest = writeArtifact(out, files, installed?.files, {
    ...runtimeFacts(python.runs),
    worker: {
      name,
      main,
      environment: env ?? null,
      compatibilityDate: compatibility.date,
      compatibilityFlags: compatibility.flags,
    },
    packages: installed?.report ?? [],
  });
  return { folder: out, manifest, imports, noSnapshot };
}
