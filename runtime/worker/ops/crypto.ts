// Cryptography for a realm: Node's webcrypto and hashes. Keys stay here, by number; runtime/realm/76-crypto.js says what goes over.
import type { Hash, webcrypto } from "node:crypto";
import type { BridgeValue } from "../../addon.ts";
import { messageOf } from "../../user_error.ts";
import { type LaterOperations, needNumber, needString, type Operations, type SendToRealm } from "./operations.ts";

/** Loaded when it is used first: it is the largest of Node's modules here, and few Workers do. */
const nodeCrypto = () => process.getBuiltinModule("node:crypto");
const methods = new Set([
  ...["encrypt", "decrypt", "sign", "verify", "digest", "generateKey", "deriveKey", "deriveBits"],
  ...["importKey", "exportKey", "wrapKey", "unwrapKey"],
]);
/** Keys and hashes that a realm may have at a time. */
const mostHandles = 100_000;
const hashNames: ReadonlyMap<string, string> = new Map([
  ["SHA-1", "sha1"],
  ["SHA-256", "sha256"],
  ["SHA-384", "sha384"],
  ["SHA-512", "sha512"],
  ["MD5", "md5"],
]);

type Packed = null | boolean | number | string | Packed[] | { [name: string]: Packed };

/** Values by numbers that are given once. */
class Handles<T> {
  readonly #values = new Map<number, T>();
  #last = 0;

  add(value: T): number {
    if (this.#values.size >= mostHandles) throw new RangeError(`a Worker may have ${mostHandles} keys`);
    this.#values.set(++this.#last, value);
    return this.#last;
  }

  get(handle: BridgeValue | Packed | undefined): T {
    const value = this.#values.get(Number(handle));
    if (value === undefined) throw new TypeError("there is no such key");
    return value;
  }

  drop(handle: number): void {
    this.#values.delete(handle);
  }
}

export function cryptoOperations(send: SendToRealm): LaterOperations {
  const keys = new Handles<webcrypto.CryptoKey>();
  const hashes = new Handles<Hash>();
  let underWay = 0;

  function unpacked(value: Packed, bytes: readonly BridgeValue[]): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => unpacked(item, bytes));
    if ("bytes" in value) {
      const found = bytes[Number(value.bytes)];
      if (!(found instanceof Uint8Array)) throw new TypeError("expected bytes");
      return found;
    }
    if ("key" in value) return keys.get(value.key);
    const object = value.object as { [name: string]: Packed };
    return Object.fromEntries(Object.entries(object).map(([name, item]) => [name, unpacked(item, bytes)]));
  }

  function packed(value: unknown, chunks: Uint8Array[]): Packed {
    if (value instanceof ArrayBuffer || value instanceof Uint8Array) {
      const bytes = value instanceof Uint8Array ? value : new Uint8Array(value);
      const at = chunks.reduce((size, chunk) => size + chunk.length, 0);
      chunks.push(bytes);
      return { bytes: [at, bytes.length] };
    }
    if (value instanceof CryptoKey) {
      const { type, extractable, algorithm, usages } = value;
      return { key: keys.add(value), facts: packed({ type, extractable, algorithm, usages }, chunks) };
    }
    if (Array.isArray(value)) return value.map((item) => packed(item, chunks));
    if (typeof value !== "object" || value === null) return value as Packed;
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return { object: Object.fromEntries(entries.map(([name, item]) => [name, packed(item, chunks)])) };
  }

  async function run(id: number, method: string, values: unknown[]): Promise<void> {
    underWay++;
    try {
      const subtle = nodeCrypto().subtle as unknown as { [name: string]: (...values: unknown[]) => Promise<unknown> };
      const result = await subtle[method]?.(...values);
      const chunks: Uint8Array[] = [];
      const json = JSON.stringify(packed(result, chunks));
      send("subtle.done", id, json, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    } catch (error) {
      // DOMException or TypeError; others are what OpenSSL says.
      const name = error instanceof DOMException || error instanceof TypeError ? error.name : "OperationError";
      send("subtle.error", id, name, messageOf(error));
    } finally {
      underWay--;
    }
  }

  const operations: Operations = {
    "subtle.start": (idValue, methodValue, json, ...bytes) => {
      const method = needString(methodValue);
      if (!methods.has(method)) throw new TypeError(`crypto.subtle has no ${method}`);
      const values = (JSON.parse(needString(json)) as Packed[]).map((value) => unpacked(value, bytes));
      void run(needNumber(idValue), method, values);
    },
    "subtle.drop": (handle) => keys.drop(needNumber(handle)),
    "hash.start": (nameValue) => {
      const name = hashNames.get(needString(nameValue).toUpperCase());
      if (name === undefined) throw new TypeError(`DigestStream: there is no algorithm ${needString(nameValue)}`);
      return hashes.add(nodeCrypto().createHash(name));
    },
    "hash.update": (handle, bytes) => {
      if (!(bytes instanceof Uint8Array)) throw new TypeError("expected bytes");
      hashes.get(handle).update(bytes);
    },
    "hash.end": (handle) => {
      const digest = hashes.get(handle).digest();
      hashes.drop(needNumber(handle));
      return digest;
    },
    "hash.drop": (handle) => hashes.drop(needNumber(handle)),
  };
  return { operations, underWay: () => underWay };
}
