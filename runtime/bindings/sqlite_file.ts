// A file of SQLite in a state folder, in WAL mode, so that who reads is never kept waiting by who writes.
//
// A commit is synchronous = FULL: what is acknowledged has been told to the disk, and outlasts the process and the system.
// A file that is damaged, or not ours, or of a later version is refused before a byte of it is changed.
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { makeFolder as makeStateFolder } from "../make_folder.ts";
import { codeOf, messageOf, UserError } from "../user_error.ts";

/** SQLite is loaded when a file is opened. */
function newDatabase(...values: ConstructorParameters<typeof DatabaseSync>): DatabaseSync {
  const { DatabaseSync: Database } = process.getBuiltinModule("node:sqlite");
  return new Database(...values);
}

/** What a file holds. */
export interface FileFormat {
  readonly name: string;
  readonly applicationId: number;
  readonly version: number;
  /** Makes the tables. */
  readonly schema: string;
}

const lockWaitMs = 10_000;
const mostWalBytes = 64 * 1024 * 1024;
/** Up to this size all of a file is looked through at the start, which takes a fraction of a second. */
const mostCheckedBytes = 64 * 1024 * 1024;

const primary = { busy: 5, readOnly: 8, io: 10, corrupt: 11, full: 13, cantOpen: 14, notADatabase: 26 } as const;

export function pathOf(stateFolder: string, { name }: FileFormat): string {
  return path.join(stateFolder, name);
}

function primaryCode(error: unknown): number | undefined {
  if (codeOf(error) !== "ERR_SQLITE_ERROR") return undefined;
  return (error as { errcode: number }).errcode & 0xff;
}

/** What happened to the file, for whoever keeps it. */
export function describeFailure(error: unknown, file: string): string {
  switch (primaryCode(error)) {
    case primary.full:
      return `no space is left for ${file}`;
    case primary.io:
      return `the disk failed to read or write ${file}, or a limit of this process was met (${messageOf(error)})`;
    case primary.corrupt:
    case primary.notADatabase:
      return damaged(file);
    case primary.busy:
      return `${file} was locked by another process for ${lockWaitMs / 1000} s`;
    case primary.readOnly:
    case primary.cantOpen:
      return `${file} cannot be opened for writing (${messageOf(error)})`;
    default:
      return `${file}: ${messageOf(error)}`;
  }
}

function damaged(file: string): string {
  return (
    `${file} is damaged, or no database. It was left as it is. Put a copy that is whole in its place; or move it away with ` +
    `${path.basename(file)}-wal and -shm, to begin with nothing; \`sqlite3 ${path.basename(file)} .recover\` gets out of it what can be read`
  );
}

function number(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
}

/** Whether the file has the tables. Throws UserError when it has something else. In a transaction. */
function isOurs(database: DatabaseSync, file: string, { applicationId, version }: FileFormat): boolean {
  const id = number(database, "application_id");
  const found = number(database, "user_version");
  const tables = Number(database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()?.tables);
  if (id === 0 && found === 0 && tables === 0) return false;
  if (id !== applicationId) {
    throw new UserError(`${file} is a database of another program, and was left as it is. Give another state folder.`);
  }
  if (found === version) return true;
  throw new UserError(
    `${file} has version ${found} of this format, and this blockon knows version ${version}. It was left as it is. ` +
      "Use the blockon that made it, or another state folder.",
  );
}

/** The same, of one moment: another process may be making them. */
function isOursNow(database: DatabaseSync, file: string, format: FileFormat): boolean {
  database.exec("BEGIN");
  try {
    return isOurs(database, file, format);
  } finally {
    // SQLite itself has ended it after some errors.
    if (database.isTransaction) database.exec("COMMIT");
  }
}

function checkWhole(database: DatabaseSync, file: string): void {
  if (statSync(file).size > mostCheckedBytes) return;
  const [found] = Object.values(database.prepare("PRAGMA quick_check(1)").get() ?? {});
  if (found !== "ok") throw new UserError(`${damaged(file)}.`);
}

function schemaOf({ schema, applicationId, version }: FileFormat): string {
  return `${schema}; PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version};`;
}

/** Another process that opens the file at the same moment may hold it, in a way that SQLite does not wait for. */
function switchToWal(database: DatabaseSync): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (const deadline = performance.now() + lockWaitMs; ; ) {
    try {
      database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (primaryCode(error) !== primary.busy || performance.now() > deadline) throw error;
      Atomics.wait(pause, 0, 0, 20);
    }
  }
}

function makeFolder(folder: string): void {
  try {
    makeStateFolder(path.resolve(folder), 0o700);
  } catch (error) {
    throw new UserError(
      `${folder}: the folder for state cannot be made: ${messageOf(error)}. Give another: --state DIR.`,
      { cause: error },
    );
  }
}

/** The file of a state folder, made if there is none. Throws UserError. */
export function openForWriting(stateFolder: string, format: FileFormat): DatabaseSync {
  const file = pathOf(stateFolder, format);
  makeFolder(stateFolder);
  let database: DatabaseSync | undefined;
  try {
    const isNew = !existsSync(file);
    database = newDatabase(file, { timeout: lockWaitMs });
    if (isNew || !isOursNow(database, file, format)) {
      database.exec("BEGIN IMMEDIATE");
      // Another process may have been faster.
      if (!isOurs(database, file, format)) database.exec(schemaOf(format));
      database.exec("COMMIT");
    }
    checkWhole(database, file);
    switchToWal(database);
    database.exec(`PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${mostWalBytes}`);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof UserError) throw error;
    throw new UserError(`${describeFailure(error, file)}.`, { cause: error });
  }
}

/** The file while a writer has it open. */
export function openForReading(stateFolder: string, format: FileFormat): DatabaseSync {
  return newDatabase(pathOf(stateFolder, format), { readOnly: true, timeout: lockWaitMs });
}
