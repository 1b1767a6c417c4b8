// Values on their way into a sealed interpreter and out of it: primitives and bytes, in the form that the realm has for values of
// Workers (runtime/realm/84-values.js), of which this reads and writes no more than that.
import { kindOf } from "../user_error.ts";

/** What crosses: bytes are copied. */
export type SealedValue = undefined | null | boolean | number | bigint | string | Uint8Array;

const crosses = "only primitives and bytes (Uint8Array) cross";

type Node = null | boolean | number | string | readonly unknown[];

/** Makes one of the realm's texts with the bytes behind it, as the values are given. */
class Encoder {
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  /** Throws TypeError. @param what Names the value. */
  node(value: unknown, what: string): Node {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        return Number.isFinite(value) && !Object.is(value, -0)
          ? value
          : ["n", Object.is(value, -0) ? "-0" : String(value)];
      case "undefined":
        return ["u"];
      case "bigint":
        return ["i", String(value)];
      default:
        break;
    }
    if (value === null) return null;
    if (!(value instanceof Uint8Array)) {
      const kind = typeof value === "object" ? kindOf(value) : `a ${typeof value}`;
      throw new TypeError(`${what} is ${kind}: ${crosses}`);
    }
    const at = this.#size;
    this.#chunks.push(value);
    this.#size += value.byteLength;
    return ["b", at, value.byteLength, "Uint8Array"];
  }

  pack(head: Node): Uint8Array<ArrayBuffer> {
    const json = Buffer.from(JSON.stringify(head));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(json.length);
    return new Uint8Array(Buffer.concat([length, json, ...this.#chunks]));
  }
}

/** Throws TypeError. @param what Names the values, by number. */
export function encodeValues(values: readonly unknown[], what: (index: number) => string): Uint8Array<ArrayBuffer> {
  const encoder = new Encoder();
  return encoder.pack(["a", values.map((value, index) => encoder.node(value, what(index)))]);
}

/** One value in the same form. Throws TypeError. */
export function encodeValue(value: unknown, what: string): Uint8Array<ArrayBuffer> {
  const encoder = new Encoder();
  return encoder.pack(encoder.node(value, what));
}

/** What came out of the interpreter, which may have made it as it likes: nothing else than a value or a TypeError comes of it. */
function decode(bytes: Uint8Array): { head: unknown; value: (node: unknown) => SealedValue } {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (data.length < 4 || data.readUInt32LE(0) > data.length - 4) throw new TypeError("what came is no value");
  const start = 4 + data.readUInt32LE(0);
  const value = (node: unknown): SealedValue => {
    if (node === null || ["boolean", "number", "string"].includes(typeof node)) return node as SealedValue;
    const [kind, first, second] = Array.isArray(node) ? (node as unknown[]) : [];
    if (kind === "u") return undefined;
    if (kind === "n") return Number(first);
    if (kind === "i" && typeof first === "string" && /^-?\d{1,100000}$/.test(first)) return BigInt(first);
    if (kind === "b" || kind === "B") {
      const [at, length] = [first, second].map((each) => (Number.isSafeInteger(each) ? (each as number) : -1)) as [
        number,
        number,
      ];
      if (at >= 0 && length >= 0 && at + length <= data.length - start) {
        return new Uint8Array(data.subarray(start + at, start + at + length));
      }
    }
    throw new TypeError(`what came is neither a primitive nor bytes: ${crosses}`);
  };
  try {
    return { head: JSON.parse(data.toString("utf8", 4, start)) as unknown, value };
  } catch {
    throw new TypeError("what came is no value");
  }
}

/** Throws TypeError. */
export function decodeValue(bytes: Uint8Array): SealedValue {
  const { head, value } = decode(bytes);
  return value(head);
}

/** Throws TypeError. */
export function decodeValues(bytes: Uint8Array): SealedValue[] {
  const { head, value } = decode(bytes);
  if (!Array.isArray(head) || head[0] !== "a" || !Array.isArray(head[1])) throw new TypeError("what came is no list");
  return head[1].map(value);
}
