// KV for a realm: reads are answered at once, writes when they are on the disk.
import type { MessagePort } from "node:worker_threads";
import type { BridgeValue } from "../../addon.ts";
import type { Grouped } from "../../bindings/grouped_writes.ts";
import {
  checkExpiry,
  checkKey,
  checkKeyBytes,
  checkLimit,
  checkMetadata,
  checkValue,
  mostBytesAtOnce,
  mostKeysAtOnce,
  refuse,
} from "../../bindings/kv/limits.ts";
import type { Write } from "../../bindings/kv/protocol.ts";
import { type KvEntry, type KvReader, openReader } from "../../bindings/kv/reader.ts";
import type { KvOptions } from "../protocol.ts";
import { type LaterOperations, needNumber, needString, type Operations, type SendToRealm } from "./operations.ts";

/** Of values that a Worker has sent and that are not on the disk yet, beyond which it is told to wait for them. */
const mostBytesUnderWay = 256 * 1024 * 1024;

const numberOrNull = (value: BridgeValue): number | null => (value === null ? null : needNumber(value));
const stringOrNull = (value: BridgeValue): string | null => (value === null ? null : needString(value));

/** Entries in one piece of bytes: the length of what follows as JSON, four bytes, little-endian; that JSON; the values. */
function packEntries(entries: readonly (KvEntry | undefined)[]): Uint8Array {
  const heads = entries.map((entry) => entry && { size: entry.value.byteLength, metadata: entry.metadata });
  const json = Buffer.from(JSON.stringify(heads.map((head) => head ?? null)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.byteLength);
  return Buffer.concat([length, json, ...entries.flatMap((entry) => (entry === undefined ? [] : [entry.value]))]);
}

/** Asks the reader for several values, which together have a limit. */
function readMany(reader: KvReader, namespace: string, keys: readonly Uint8Array[]): (KvEntry | undefined)[] {
  let size = 0;
  return keys.map((key) => {
    const entry = reader.get(namespace, key);
    size += entry?.value.byteLength ?? 0;
    if (size > mostBytesAtOnce) refuse("GET_BULK", 413, `the values have more than ${mostBytesAtOnce} bytes together`);
    return entry;
  });
}

/** What the realm is told about writes, and what it may not do before that. */
class Writes {
  readonly #port: MessagePort;
  /** The bytes of each that is under way. */
  readonly #underWay = new Map<number, number>();
  #bytes = 0;
  #lost = false;

  constructor(port: MessagePort, send: SendToRealm) {
    this.#port = port;
    const told = ({ ids, problem }: Grouped): void => {
      for (const id of ids) {
        this.#bytes -= this.#underWay.get(id) ?? 0;
        this.#underWay.delete(id);
        send("kv.written", id, problem);
      }
    };
    port.on("message", told);
    port.on("close", () => {
      this.#lost = true;
      told({ ids: [...this.#underWay.keys()], problem: "the thread that writes has ended" });
    });
    // A Worker's thread goes on as long as the server wants it to.
    port.unref();
  }

  get size(): number {
    return this.#underWay.size;
  }

  send(write: Write, bytes: number): void {
    if (this.#lost) throw new Error("KV: nothing can be written, since the thread that writes has ended");
    if (this.#underWay.size > 0 && this.#bytes + bytes > mostBytesUnderWay) {
      refuse(
        "PUT",
        429,
        `more than ${mostBytesUnderWay} bytes wait to be written; await some of the put() before others`,
      );
    }
    this.#underWay.set(write.id, bytes);
    this.#bytes += bytes;
    this.#port.postMessage(write);
  }
}

export function kvOperations(send: SendToRealm, { stateFolder, namespaces, port }: KvOptions): LaterOperations {
  const reader = openReader(stateFolder);
  const writes = new Writes(port, send);

  const namespaceOf = (binding: BridgeValue): string => {
    const name = needString(binding);
    const id = Object.hasOwn(namespaces, name) ? namespaces[name] : undefined;
    if (id === undefined) throw new Error(`there is no KV namespace ${name}`);
    return id;
  };

  const operations: Operations = {
    "kv.get": (binding, key) => reader.get(namespaceOf(binding), checkKey("GET", needString(key)))?.value ?? null,
    "kv.getWithMetadata": (binding, key) =>
      packEntries([reader.get(namespaceOf(binding), checkKey("GET", needString(key)))]),
    "kv.getMany": (binding, keysJson) => {
      const keys = JSON.parse(needString(keysJson)) as string[];
      if (keys.length < 1 || keys.length > mostKeysAtOnce) {
        refuse("GET_BULK", 400, `${keys.length} keys were asked for at once; expected 1 to ${mostKeysAtOnce}`);
      }
      return packEntries(
        readMany(
          reader,
          namespaceOf(binding),
          keys.map((key) => checkKey("GET_BULK", key)),
        ),
      );
    },
    "kv.list": (binding, prefix, limit, cursor) => {
      const start = checkKeyBytes("LIST", needString(prefix));
      return JSON.stringify(
        reader.list(namespaceOf(binding), start, checkLimit(numberOrNull(limit)), stringOrNull(cursor)),
      );
    },
    "kv.put": (idValue, binding, keyValue, value, expiration, expirationTtl, metadataValue) => {
      if (!(value instanceof Uint8Array)) throw new TypeError("expected bytes");
      const key = checkKey("PUT", needString(keyValue));
      const metadata = stringOrNull(metadataValue);
      checkValue(value);
      checkMetadata(metadata);
      const ends = { expiration: numberOrNull(expiration), expirationTtl: numberOrNull(expirationTtl) };
      const now = Math.floor(Date.now() / 1000);
      writes.send(
        {
          type: "put",
          id: needNumber(idValue),
          namespace: namespaceOf(binding),
          key,
          value,
          metadata,
          expiration: checkExpiry(ends, now),
        },
        value.byteLength,
      );
    },
    "kv.delete": (idValue, binding, keyValue) => {
      const key = checkKey("DELETE", needString(keyValue));
      writes.send({ type: "delete", id: needNumber(idValue), namespace: namespaceOf(binding), key }, key.byteLength);
    },
  };
  return { operations, underWay: () => writes.size, end: () => port.close() };
}
