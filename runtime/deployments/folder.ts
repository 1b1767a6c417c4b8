// The folder of what was deployed into a server.
//
// NAME/versions.json says which versions there are and which is current, and is replaced as a whole: what it does not list was never
// deployed, or is no more, and is removed when nobody reads it, or at the next start. NAME/VERSION is a copy of the Worker's folder. What belongs to a name and not to a version is
// beside: .state/NAME, which bindings keep, and .secrets/NAME.
import {
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { workerName } from "../config/wrangler.ts";
import { makeFolder } from "../make_folder.ts";
import { codeOf, messageOf, UserError } from "../user_error.ts";
import { copyWorker } from "./copy.ts";
import { onDiskSync } from "./on_disk.ts";

export interface DeployedVersion {
  readonly version: number;
  /** When, as ISO 8601 has it. */
  readonly deployed: string;
}

export interface Deployment {
  readonly name: string;
  /** When the name was deployed first. */
  readonly since: string;
  readonly current: number;
  /** The oldest first. */
  readonly versions: readonly DeployedVersion[];
}

const listFile = "versions.json";
/** Makes the folder one of deployments, and is locked by the server that has it. */
const lockFile = ".blockon-deployments";
const mostVersions = 10;

/** Locked until it is closed, or its process ends, however that comes. Throws UserError. */
function lock(root: string): DatabaseSync {
  const { DatabaseSync: Database } = process.getBuiltinModule("node:sqlite");
  const database = new Database(path.join(root, lockFile));
  try {
    database.exec("PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database.close();
    if (!/locked/.test(messageOf(error))) throw new UserError(`${root}/${lockFile}: ${messageOf(error)}`);
    throw new UserError(`${root}: another server has these deployments. Stop it, or name another folder.`);
  }
}

/** Throws UserError where the folder is somebody's who has other things in it. */
function makeRoot(root: string): void {
  try {
    makeFolder(root, 0o700);
    if (!existsSync(path.join(root, lockFile)) && readdirSync(root).length > 0) {
      throw new UserError(`${root} holds other things than deployments. Name an empty folder, or a new one.`);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${root}: ${messageOf(error)}`, { cause: error });
  }
}

function isDeployment(value: unknown): value is Omit<Deployment, "name"> {
  if (typeof value !== "object" || value === null) return false;
  const { since, current, versions } = value as Partial<Deployment>;
  return (
    typeof since === "string" &&
    Array.isArray(versions) &&
    versions.every((each) => Number.isInteger(each?.version) && typeof each?.deployed === "string") &&
    versions.some((each) => each.version === current)
  );
}

/** Undefined where the name has none. Throws UserError. */
function readDeployment(root: string, name: string): Deployment | undefined {
  const file = path.join(root, name, listFile);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new UserError(`${file}: ${messageOf(error)}`, { cause: error });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file} is no JSON: ${messageOf(error)}`, { cause: error });
  }
  if (!isDeployment(value)) throw new UserError(`${file} is not as blockon writes it. Mend it, or remove ${name}.`);
  return { name, ...value };
}

/** What was there or what is new, as a whole, also after a loss of power; when it returns, what is new. */
function writeWhole(file: string, text: string): void {
  const beside = `${file}.new`;
  writeFileSync(beside, text, { mode: 0o600, flush: true });
  renameSync(beside, file);
  onDiskSync(path.dirname(file));
}

function isUsed(folder: string, inUse: readonly string[]): boolean {
  return inUse.some((each) => each === folder || each.startsWith(`${folder}${path.sep}`));
}

/** Where it holds something it stays as it is. */
function removeEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}

export class DeploymentFolder {
  readonly root: string;
  #isClosed = false;
  readonly #lock: DatabaseSync;
  readonly #deployments = new Map<string, Deployment>();

  /** Throws UserError. */
  constructor(root: string) {
    makeRoot(path.resolve(root));
    // Without links, so that a copy of a folder in which it is does not hold it.
    this.root = realpathSync(root);
    this.#lock = lock(this.root);
    try {
      this.#read();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The one that was deployed first is the first. */
  list(): Deployment[] {
    return [...this.#deployments.values()].sort(
      (one, other) => one.since.localeCompare(other.since) || one.name.localeCompare(other.name),
    );
  }

  get(name: string): Deployment | undefined {
    return this.#deployments.get(name);
  }

  versionFolder(name: string, version: number): string {
    return path.join(this.root, name, String(version));
  }

  stateFolder(name: string): string {
    return path.join(this.root, ".state", name);
  }

  secretsFolder(name: string): string {
    return path.join(this.root, ".secrets", name);
  }

  /**
   * Copies a Worker's folder, as a version that is not listed yet. Throws UserError.
   * @param source Its path without links; `without` are folders that are left out, also so.
   * @param inUse Folders that are read still, of versions that may be listed no more.
   */
  async add(name: string, source: string, without: readonly string[], inUse: readonly string[] = []): Promise<number> {
    let version = Math.max(0, ...(this.get(name)?.versions.map((each) => each.version) ?? [])) + 1;
    while (isUsed(this.versionFolder(name, version), inUse)) version++;
    const target = this.versionFolder(name, version);
    rmSync(target, { recursive: true, force: true });
    try {
      await copyWorker(source, target, [...without, this.root]);
    } catch (error) {
      this.discard(name, version);
      throw error;
    }
    return version;
  }

  /** Removes a version, unless it is listed. */
  discard(name: string, version: number): void {
    if (this.get(name)?.versions.some((each) => each.version === version)) return;
    rmSync(this.versionFolder(name, version), { recursive: true, force: true });
    if (this.get(name) === undefined) removeEmpty(path.join(this.root, name));
  }

  /** From now on this version is the current one, whatever happens to the process. */
  makeCurrent(name: string, version: number): void {
    const before = this.get(name);
    const deployed = new Date().toISOString();
    const known = before?.versions ?? [];
    const all = known.some((each) => each.version === version) ? known : [...known, { version, deployed }];
    const after = { since: before?.since ?? deployed, current: version, versions: all.slice(-mostVersions) };
    writeWhole(path.join(this.root, name, listFile), `${JSON.stringify(after, undefined, 2)}\n`);
    this.#deployments.set(name, { name, ...after });
  }

  /** No version of the name is deployed any more. What its bindings keep, and its secrets, stay, and the copies until tidy(). */
  remove(name: string): void {
    const folder = path.join(this.root, name);
    unlinkSync(path.join(folder, listFile));
    onDiskSync(folder);
    this.#deployments.delete(name);
  }

  /** Removes the copies that are listed no more. @param inUse Folders that are read still, and stay. */
  tidy(inUse: readonly string[] = []): void {
    for (const entry of readdirSync(this.root, { withFileTypes: true })) {
      if (entry.isDirectory() && workerName.test(entry.name)) this.#tidyName(entry.name, inUse);
    }
  }

  /** Another server may have it. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
    this.#lock.close();
  }

  #read(): void {
    for (const entry of readdirSync(this.root, { withFileTypes: true })) {
      if (!entry.isDirectory() || !workerName.test(entry.name)) continue;
      const deployment = readDeployment(this.root, entry.name);
      if (deployment !== undefined) this.#deployments.set(entry.name, deployment);
    }
    this.tidy();
  }

  #tidyName(name: string, inUse: readonly string[]): void {
    const folder = path.join(this.root, name);
    const deployment = this.get(name);
    const listed = new Set(deployment?.versions.map(({ version }) => String(version)));
    for (const entry of readdirSync(folder)) {
      const copy = path.join(folder, entry);
      if (/^\d+$/.test(entry) && !listed.has(entry) && !isUsed(copy, inUse))
        rmSync(copy, { recursive: true, force: true });
    }
    if (deployment !== undefined) return;
    rmSync(path.join(folder, `${listFile}.new`), { force: true });
    removeEmpty(folder);
  }
}
