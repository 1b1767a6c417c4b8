// What a key, a value and its metadata may be: Cloudflare's limits, so that what is written here can be written there.
//
// A limit that is passed is told as Cloudflare tells it: the operation, a status of HTTP, and what is wrong.

export const mostKeyBytes = 512;
export const mostValueBytes = 25 * 1024 * 1024;
export const mostMetadataBytes = 1024;
export const leastSeconds = 60;
export const mostListed = 1000;
export const mostKeysAtOnce = 100;
/** Of all values that one call asks for by several keys. */
export const mostBytesAtOnce = 25 * 1024 * 1024;

export type KvOperation = "DELETE" | "GET" | "GET_BULK" | "LIST" | "PUT";

export function refuse(operation: KvOperation, status: number, why: string): never {
  throw new Error(`KV ${operation} failed: ${status} ${why}`);
}

/** The key's bytes. */
export function checkKey(operation: KvOperation, key: string): Uint8Array {
  if (key === "") throw new TypeError("a key must not be empty");
  if (key === "." || key === "..") throw new TypeError(`"${key}" cannot be a key`);
  return checkKeyBytes(operation, key);
}

/** Of a key, or of what it is to begin with. */
export function checkKeyBytes(operation: KvOperation, text: string): Uint8Array {
  const bytes = Buffer.from(text);
  if (bytes.length > mostKeyBytes) {
    refuse(operation, 414, `a key has at most ${mostKeyBytes} bytes of UTF-8, and this one ${bytes.length}`);
  }
  return bytes;
}

export interface Expiry {
  /** Seconds since 1970. */
  readonly expiration: number | null;
  /** Seconds from now on; it counts when both are given. */
  readonly expirationTtl: number | null;
}

/** The second since 1970 at which a value ends; null for never. */
export function checkExpiry({ expiration, expirationTtl }: Expiry, now: number): number | null {
  const checked = (name: string, value: number, seconds: number, least: string): number => {
    if (!Number.isSafeInteger(value) || value <= 0)
      refuse("PUT", 400, `${name} is ${value}; expected an integer above 0`);
    if (seconds < leastSeconds) refuse("PUT", 400, `${name} is ${value}; expected ${least}`);
    return now + seconds;
  };
  if (expirationTtl !== null) {
    return checked("expirationTtl", expirationTtl, expirationTtl, `at least ${leastSeconds} seconds`);
  }
  if (expiration === null) return null;
  return checked(
    "expiration",
    expiration,
    expiration - now,
    `a time at least ${leastSeconds} seconds ahead, since 1970`,
  );
}

export function checkValue(value: Uint8Array): void {
  if (value.byteLength > mostValueBytes) {
    refuse("PUT", 413, `a value has at most ${mostValueBytes} bytes, and this one ${value.byteLength}`);
  }
}

/** @param json undefined and null stand for none. */
export function checkMetadata(json: string | null): void {
  const size = json === null ? 0 : Buffer.byteLength(json);
  if (size > mostMetadataBytes) {
    refuse("PUT", 413, `metadata has at most ${mostMetadataBytes} bytes of JSON, and this ${size}`);
  }
}

export function checkLimit(limit: number | null): number {
  if (limit === null) return mostListed;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > mostListed) {
    refuse("LIST", 400, `limit is ${limit}; expected an integer from 1 to ${mostListed}`);
  }
  return limit;
}
