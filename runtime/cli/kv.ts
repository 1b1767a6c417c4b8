// blockon kv: what is in a Worker's KV namespace, and what is put there, whether a server runs or not.
import { closeSync, existsSync, fstatSync, openSync, readFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { databasePath, describeFailure, openForWriting } from "../bindings/kv/database.ts";
import {
  checkExpiry,
  checkKey,
  checkKeyBytes,
  checkMetadata,
  checkValue,
  mostListed,
  mostValueBytes,
} from "../bindings/kv/limits.ts";
import { type KvListing, readerOf } from "../bindings/kv/reader.ts";
import { Writer } from "../bindings/kv/writer.ts";
import { readServed } from "../pack/artifact.ts";
import { plainText } from "../plain_text.ts";
import { codeOf, messageOf, UserError } from "../user_error.ts";
import { columns } from "./columns.ts";
import { stateFolder } from "./create_worker.ts";
import { letReaderLeave } from "./standard_output.ts";

export interface KvOptions {
  /** The Worker's folder. */
  readonly worker: string;
  readonly env?: string;
  readonly state?: string;
}

export interface KvListOptions extends KvOptions {
  readonly prefix: string;
  readonly limit?: number;
  readonly json?: true;
}

export interface KvPutOptions extends KvOptions {
  readonly file?: string;
  readonly ttl?: number;
  readonly expiration?: number;
  readonly metadata?: string;
}

const now = (): number => Math.floor(Date.now() / 1000);

/** The namespace of a binding, and where it is kept. Throws UserError. */
function namespaceOf(binding: string, { worker, env, state }: KvOptions): { namespace: string; folder: string } {
  const config = readServed(worker, { env });
  const namespace = Object.hasOwn(config.kv, binding) ? config.kv[binding] : undefined;
  if (namespace === undefined) {
    const names = Object.keys(config.kv);
    throw new UserError(
      `${config.file}: the Worker ${config.name} has no KV namespace ${plainText(binding)}. ` +
        (names.length === 0 ? "It has none at all: add [[kv_namespaces]]." : `It has ${names.join(", ")}.`),
    );
  }
  return { namespace, folder: stateFolder(config, state) };
}

/** What the limits of KV refuse, and what SQLite cannot, as one line. */
function toldOf<Result>(folder: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const isDatabase = codeOf(error) === "ERR_SQLITE_ERROR";
    throw new UserError(isDatabase ? describeFailure(error, databasePath(folder)) : messageOf(error), { cause: error });
  }
}

function withDatabase<Result>(folder: string, use: (database: DatabaseSync) => Result): Result {
  return toldOf(folder, () => {
    const database = openForWriting(folder);
    try {
      return use(database);
    } finally {
      database.close();
    }
  });
}

/** With undefined where nothing was ever kept: reading makes no file. */
function read<Result>(folder: string, use: (database: DatabaseSync | undefined) => Result): Result {
  return existsSync(databasePath(folder)) ? withDatabase(folder, use) : use(undefined);
}

/** Throws UserError when there is no such value. */
export function kvGet(binding: string, key: string, options: KvOptions): void {
  const { namespace, folder } = namespaceOf(binding, options);
  const bytes = toldOf(folder, () => checkKey("GET", key));
  const found = read(folder, (database) => database && readerOf(database).get(namespace, bytes));
  if (found === undefined) throw new UserError(`${plainText(binding)} has no value of the key ${plainText(key)}`);
  letReaderLeave();
  process.stdout.write(found.value);
}

function* pages(database: DatabaseSync, namespace: string, prefix: Uint8Array): Generator<KvListing["keys"]> {
  const reader = readerOf(database);
  for (let cursor: string | null = null; ; ) {
    const page: KvListing = reader.list(namespace, prefix, mostListed, cursor);
    yield page.keys;
    cursor = page.cursor;
    if (cursor === null) return;
  }
}

export function kvList(binding: string, { prefix, limit, json, ...options }: KvListOptions): void {
  const { namespace, folder } = namespaceOf(binding, options);
  const start = toldOf(folder, () => checkKeyBytes("LIST", prefix));
  const most = limit ?? Number.POSITIVE_INFINITY;
  const keys = read(folder, (database) => {
    const found: KvListing["keys"][number][] = [];
    for (const page of database === undefined ? [] : pages(database, namespace, start)) {
      found.push(...page);
      if (found.length >= most) break;
    }
    return found.slice(0, most);
  });
  letReaderLeave();
  if (json) process.stdout.write(`${plainText(JSON.stringify({ keys }))}\n`);
  else if (keys.length === 0) process.stdout.write("no keys\n");
  else {
    const rows = keys.map(({ name, expiration, metadata }) => [
      name,
      expiration === undefined ? "" : new Date(expiration * 1000).toISOString(),
      metadata === undefined ? "" : JSON.stringify(metadata),
    ]);
    process.stdout.write(
      columns([["KEY", "UNTIL", "METADATA"], ...rows.map((row) => row.map(plainText))])
        .map((line) => `${line}\n`)
        .join(""),
    );
  }
}

/** Of a file, or of the standard input. Throws UserError. */
function contentOf(file: string | undefined): Uint8Array {
  const name = file ?? "the standard input";
  try {
    if (file === undefined) return readFileSync(0);
    const handle = openSync(file, "r");
    try {
      const { size } = fstatSync(handle);
      if (size > mostValueBytes)
        throw new UserError(`${name} has ${size} bytes, and a value at most ${mostValueBytes}`);
      return readFileSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${name} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function checkJson(metadata: string): string {
  try {
    return JSON.stringify(JSON.parse(metadata));
  } catch (error) {
    throw new UserError(`--metadata is no JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** Returns when it is on the disk. Throws UserError when it is not. */
export function kvPut(binding: string, key: string, text: string | undefined, options: KvPutOptions): void {
  const { file, ttl, expiration, metadata } = options;
  if (text !== undefined && file !== undefined) throw new UserError("give a value or --file, and not both");
  const { namespace, folder } = namespaceOf(binding, options);
  const value = text === undefined ? contentOf(file) : Buffer.from(text);
  const json = metadata === undefined ? null : checkJson(metadata);
  const write = toldOf(folder, () => {
    checkValue(value);
    checkMetadata(json);
    const ends = checkExpiry({ expiration: expiration ?? null, expirationTtl: ttl ?? null }, now());
    return {
      type: "put" as const,
      id: 0,
      namespace,
      key: checkKey("PUT", key),
      value,
      metadata: json,
      expiration: ends,
    };
  });
  withDatabase(folder, (database) => new Writer(database).write([write]));
}

/** Whether there was one is not told, as in a Worker. */
export function kvDelete(binding: string, key: string, options: KvOptions): void {
  const { namespace, folder } = namespaceOf(binding, options);
  const bytes = toldOf(folder, () => checkKey("DELETE", key));
  read(folder, (database) => {
    if (database !== undefined) new Writer(database).write([{ type: "delete", id: 0, namespace, key: bytes }]);
  });
}
