// KV as a Worker's thread reads it: on a connection of its own, at once. A value that the system has in memory costs some
// microseconds, which is less than it takes to ask another thread; and no other Worker waits when it has to come from the disk.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { openForReading } from "./database.ts";

export interface KvEntry {
  readonly value: Uint8Array;
  /** JSON. */
  readonly metadata: string | null;
}

export interface KvListing {
  readonly keys: readonly { readonly name: string; readonly expiration?: number; readonly metadata?: unknown }[];
  /** Where the rest begins; null when there is none. */
  readonly cursor: string | null;
}

export interface KvReader {
  get(namespace: string, key: Uint8Array): KvEntry | undefined;
  /** Throws RangeError when the cursor is none. */
  list(namespace: string, prefix: Uint8Array, limit: number, cursor: string | null): KvListing;
}

/** Greater than each byte of UTF-8. */
const beyondUtf8 = 0xff;

/** The least of the keys that come after all with this prefix. */
function after(prefix: Uint8Array): Uint8Array {
  if (prefix.length === 0) return Uint8Array.of(beyondUtf8);
  const end = Uint8Array.from(prefix);
  (end[end.length - 1] as number)++;
  return end;
}

function lastKeyOf(cursor: string): Uint8Array {
  const bytes = Buffer.from(cursor, "base64url");
  if (bytes.length === 0 || bytes.toString("base64url") !== cursor)
    throw new RangeError("the cursor is not one of list()'s");
  return bytes;
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

class SqliteReader implements KvReader {
  readonly #get: StatementSync;
  readonly #list: StatementSync;

  constructor(database: DatabaseSync) {
    const alive = "(expiration IS NULL OR expiration > ?)";
    this.#get = database.prepare(`SELECT value, metadata FROM entry WHERE namespace = ? AND key = ? AND ${alive}`);
    this.#list = database.prepare(
      `SELECT key, expiration, metadata FROM entry
       WHERE namespace = ? AND key >= ? AND key > ? AND key < ? AND ${alive} ORDER BY key LIMIT ?`,
    );
  }

  get(namespace: string, key: Uint8Array): KvEntry | undefined {
    return this.#get.get(namespace, key, seconds()) as KvEntry | undefined;
  }

  list(namespace: string, prefix: Uint8Array, limit: number, cursor: string | null): KvListing {
    const last = cursor === null ? new Uint8Array(0) : lastKeyOf(cursor);
    const rows = this.#list.all(namespace, prefix, last, after(prefix), seconds(), limit + 1);
    const keys = rows.slice(0, limit).map((row) => ({
      name: Buffer.from(row.key as Uint8Array).toString(),
      ...(row.expiration !== null && { expiration: Number(row.expiration) }),
      ...(row.metadata !== null && { metadata: JSON.parse(String(row.metadata)) as unknown }),
    }));
    if (rows.length <= limit) return { keys, cursor: null };
    return { keys, cursor: Buffer.from(rows[limit - 1]?.key as Uint8Array).toString("base64url") };
  }
}

/** On a connection that is the caller's. */
export function readerOf(database: DatabaseSync): KvReader {
  return new SqliteReader(database);
}

/** The file must be there: a writer has it open. */
export function openReader(stateFolder: string): KvReader {
  return new SqliteReader(openForReading(stateFolder));
}
