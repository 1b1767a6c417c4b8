// An artifact that is to be served: checked as a whole, and the Worker's configuration as it is then.
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { loadAddon } from "../addon.ts";
import { type ConfigOptions, readWorkerConfig, type WorkerConfig } from "../config/wrangler.ts";
import type { PackageImage } from "../packages/image.ts";
import { noteFile } from "../snapshots/start_record.ts";
import { messageOf, UserError } from "../user_error.ts";
import {
  imagePart,
  isArtifact,
  type Manifest,
  manifestFile,
  packAgain,
  readManifest,
  sha256,
  snapshotPart,
  workerPart,
} from "./manifest.ts";
import { usableSnapshot } from "./snapshot.ts";

/** The names of all files in an artifact, relative to it, but for its manifest. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .filter((name) => name !== manifestFile);
}

function refuse(folder: string, part: string, why: string): never {
  throw new UserError(`${path.join(folder, part)}: this artifact cannot be used: the file ${why}. ${packAgain}`);
}

function checkPart(folder: string, name: string, manifest: Manifest): void {
  const part = manifest.parts[name];
  if (part === undefined) refuse(folder, name, "is none that was packed");
  const file = path.join(folder, name);
  const size = statSync(file).size;
  if (size !== part.bytes)
    refuse(
      folder,
      name,
      `${size < part.bytes ? "is truncated" : "is longer than packed"} (${size} bytes, not ${part.bytes})`,
    );
  // These have checksums of their own, which are looked at when they are opened.
  if (name !== imagePart && name !== snapshotPart && sha256(readFileSync(file)) !== part.sha256)
    refuse(folder, name, "is damaged, or was changed since");
}

/** Throws UserError where something is missing, damaged, or was not packed. */
function checkParts(folder: string, manifest: Manifest): void {
  try {
    const found = new Set(filesIn(folder));
    for (const name of Object.keys(manifest.parts)) if (!found.has(name)) refuse(folder, name, "is missing");
    for (const name of found) checkPart(folder, name, manifest);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${folder}: this artifact cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** Throws UserError where it was packed for something else than what would run it. */
function checkTarget(
  folder: string,
  { worker, runtime }: Manifest,
  config: WorkerConfig,
  env: string | undefined,
): void {
  const { version, python } = config.python.runs;
  if (runtime.pyodide !== version) {
    throw new UserError(
      `${folder}: this artifact cannot be used: it was packed for Python ${runtime.python} (Pyodide ${runtime.pyodide}), and its Worker runs ` +
        `on Python ${python.version} (Pyodide ${version}) here. ${packAgain}`,
    );
  }
  if (worker.environment !== (env ?? null)) {
    const of = (name: string | null): string => (name === null ? "no environment" : `the environment ${name}`);
    throw new UserError(
      `${folder}: this artifact cannot be used: it was packed for ${of(worker.environment)}, and ${of(env ?? null)} is asked for. ` +
        `Give --env as it was packed, or pack the Worker again.`,
    );
  }
}

/** What bindings keep is beside the artifact: the next one takes its place, and keeps it. */
function stateBeside(folder: string, state: string | undefined): string {
  return state === undefined ? `${folder}.state` : path.resolve(path.dirname(folder), state);
}

/** Throws UserError. */
function readArtifact(folder: string, options: ConfigOptions): WorkerConfig {
  const root = path.resolve(folder);
  const manifest = readManifest(root);
  checkParts(root, manifest);
  const config = readWorkerConfig(path.join(root, workerPart), {
    ...options,
    secretsFolder: options.secretsFolder ?? (() => `${root}.secrets`),
  });
  checkTarget(root, manifest, config, options.env);
  const packages = manifest.image === null ? undefined : { file: path.join(root, imagePart), key: manifest.image };
  const { place, warning } = usableSnapshot(root, manifest, config);
  return {
    ...config,
    // Who packed one wanted it.
    snapshot: config.snapshot || manifest.snapshot !== null,
    warnings: [...config.warnings, ...(warning === undefined ? [] : [warning])],
    state: stateBeside(root, config.state),
    artifact: { folder: root, packages, snapshot: place },
  };
}

/** Opens the snapshot of an artifact, if it has one that can be used here, and checks it as a whole. Throws UserError. */
export function openSnapshot({ folder, snapshot }: NonNullable<WorkerConfig["artifact"]>): void {
  if (snapshot === undefined) return;
  noteFile("image", snapshot);
  const why = loadAddon().openSnapshot(snapshot);
  if (why !== null) refuse(folder, snapshotPart, `cannot be used: ${why}`);
}

/** The packages of an artifact, checked as a whole. Throws UserError. */
export function openPackages({ folder, packages }: NonNullable<WorkerConfig["artifact"]>): PackageImage | undefined {
  const why = packages === undefined ? null : loadAddon().openImage(packages);
  if (why !== null) refuse(folder, imagePart, `cannot be used: ${why}`);
  return packages;
}

/** The configuration of what can be served: a Worker's folder, or an artifact. Throws UserError. */
export function readServed(folder: string, options: ConfigOptions = {}): WorkerConfig {
  return isArtifact(folder) ? readArtifact(folder, options) : readWorkerConfig(folder, options);
}
