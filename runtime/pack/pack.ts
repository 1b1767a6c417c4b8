// Packs a Worker: resolves and compiles its packages, looks at its imports, runs its top level, and writes one artifact, from which a server starts
// it without any of that (artifact.ts). docs/pack.md
import { mkdtempDisposableSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { compileFolder, compilePackages } from "../cli/compile_packages.ts";
import { readWorkerConfig, type WorkerConfig } from "../config/wrangler.ts";
import { layout, pyodideVersion } from "../layout.ts";
import { writeImage } from "../packages/image.ts";
import { lockText } from "../packages/lock_file.ts";
import { installedPackages } from "../packages/python_packages.ts";
import { targetOf } from "../packages/target.ts";
import { compileNow } from "../snapshots/compiled.ts";
import { messageOf, UserError } from "../user_error.ts";
import { runtimeFacts } from "./facts.ts";
import { type ArtifactFile, partsOf, writeArtifact } from "./files.ts";
import { findImports, type ImportReport } from "./imports.ts";
import { imagePart, lockPart, type Manifest, type PackedPackage, snapshotPart, workerPart } from "./manifest.ts";
import { hasBytecode, packedFiles, sizeReport } from "./packages.ts";
import { packSnapshot } from "./snapshot.ts";
import { runTopLevel } from "./top_level.ts";
import { workerFiles } from "./worker_files.ts";

export interface PackOptions {
  /** The folder of the artifact. */
  readonly out: string;
  readonly env: string | undefined;
  /** The folder or URL of Pyodide's own wheels. */
  readonly wheels: string | undefined;
  /** Whether it is to have a snapshot: if it can, or in any case. */
  readonly snapshot: boolean | "required";
  /** A file that nobody else knows: what is random in the snapshot comes from it, too. */
  readonly seedFile: string | undefined;
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
    sources: config.packageSources,
    target: () => targetOf(runs),
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

function readSeed(file: string | undefined): Uint8Array | undefined {
  try {
    return file === undefined ? undefined : readFileSync(file);
  } catch (error) {
    throw new UserError(`${file}: the seed cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** Whether interpreters of the Worker could begin with a snapshot. One that is reset has to see what its module does while it is loaded. */
const mayBegin = ({ requestIsolation }: WorkerConfig): boolean => requestIsolation?.resets !== true;

/** Throws UserError. */
function checkMayBegin(config: WorkerConfig): void {
  const { runs } = config.python;
  if (!mayBegin(config)) {
    throw new UserError(
      `${config.file}: with reset_instances a Worker begins with no snapshot of its own, which --require-snapshot asks for`,
    );
  }
  if (runs.version !== pyodideVersion) {
    throw new UserError(
      `${config.file}: the Worker's date chooses Python ${runs.python.version}, and --require-snapshot needs the newest`,
    );
  }
}

/** What V8 makes of the runtime's own code is this machine's, and no artifact's: for a server that starts here. */
async function compileForHere(tell: PackTelling): Promise<void> {
  const compiled = compileNow((_level, text) => tell.warn(text));
  if (compiled === undefined) return;
  tell.step("compiling the runtime, once for this machine");
  // What makes it holds no process up.
  const waiting = setInterval(() => {}, 1000);
  await compiled;
  clearInterval(waiting);
}

/** Throws UserError where there is nothing that could be served. */
export async function pack(
  folder: string,
  { out, env, wheels, snapshot: wantsSnapshot, seedFile }: PackOptions,
  tell: PackTelling,
): Promise<Packed> {
  tell.step("reading the configuration");
  const read = readWorkerConfig(folder, { env });
  for (const warning of read.warnings) tell.warn(warning);
  const config: WorkerConfig = { ...read, secrets: {} };
  if (wantsSnapshot === "required") checkMayBegin(config);
  const seed = readSeed(seedFile);
  using scratch = mkdtempDisposableSync(path.join(os.tmpdir(), "blockon-pack-"));
  const files: ArtifactFile[] = workerFiles(config, out).map(({ name, source }) => ({
    name: `${workerPart}/${name}`,
    bytes: readFileSync(source),
  }));
  const installed = await install(config, wheels, tell);
  if (installed?.lock !== undefined) files.push({ name: lockPart, bytes: Buffer.from(installed.lock) });
  const image = installed && writeImage(path.join(scratch.path, imagePart), installed.files);
  if (image !== undefined) files.push({ name: imagePart, bytes: readFileSync(image.file) });
  let imports: ImportReport = { missing: [], syntax: [], packages: [] };
  if (config.python.runs.version === pyodideVersion) {
    tell.step("looking at its imports");
    imports = await findImports(config, installed?.folder);
    tellOfImports(config, imports, tell);
  }
  // What nearly all Workers import: the same whether this machine has packed before.
  await compilePackages(layout.sdk, config.python.runs, { info: () => {}, warn: tell.warn });
  tell.step("running its top level");
  const environment = env ?? null;
  const snapshot = await runTopLevel(config, image, tell.worker, async (worker) => {
    if (wantsSnapshot === false || !mayBegin(config)) return [];
    tell.step("making its snapshot");
    return await packSnapshot(config, worker, { environment, parts: partsOf(files), seed });
  });
  const noSnapshot = "key" in snapshot ? [] : snapshot;
  if ("key" in snapshot) files.push({ name: snapshotPart, bytes: snapshot.bytes });
  if (noSnapshot.length > 0) {
    const lines = noSnapshot.map((line) => `\n  ${line}`).join("");
    if (wantsSnapshot === "required") {
      throw new UserError(`nothing was packed, since no snapshot can hold what the Worker's top level makes:${lines}`);
    }
    tell.warn(`each start runs the Worker's top level anew, since no snapshot can hold what it makes:${lines}`);
  }
  tell.step("writing the artifact");
  const { name, main, compatibility, python } = config;
  const manifest = writeArtifact(out, files, {
    ...runtimeFacts(python.runs),
    worker: {
      name,
      main,
      environment,
      compatibilityDate: compatibility.date,
      compatibilityFlags: compatibility.flags,
    },
    image: image?.key ?? null,
    snapshot: "key" in snapshot ? snapshot.key : null,
    packages: installed?.report ?? [],
  });
  await compileForHere(tell);
  return { folder: out, manifest, imports, noSnapshot };
}
