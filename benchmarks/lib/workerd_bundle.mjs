// The bundle of which workerd runs Python: Pyodide's glue, wasm and standard library in one message of Cap'n Proto.
//
// Workers in the cloud get one that Cloudflare has built; this is the same, made of the package `pyodide` from npm, and so
// needs no network when workerd runs. Its type is `Bundle` in workerd's schema jsg/modules.capnp: a struct with one pointer, to
// a list of modules, each of which has a type, a name and a content of one of four kinds (MODULE, POINTER and CONTENTS below).
//
// The format is https://capnproto.org/encoding.html: words of eight bytes, little-endian, here in one segment.
import { readFileSync } from "node:fs";
import path from "node:path";
import { patchGlue } from "./workerd_glue.mjs";

/** Under `python_workers_development` workerd looks for a bundle of this name, and takes it without a checksum. */
export const BUNDLE_FILE = "pyodide_dev.capnp.bin";

const WORD = 8;
/** Of a Module: one word of data (the type, then which of the union it has, 16 bits each), four pointers. */
const MODULE = { data: 1, pointers: 4 };
const POINTER = { name: 0, content: 1 };
const INTERNAL = 2;
const CONTENTS = { src: 0, wasm: 1, data: 2 };
const LIST_OF_BYTES = 2;
const LIST_OF_STRUCTS = 7;
const MOST_BYTES = 2 ** 29 - 1;

/** @typedef {{name: string, kind: keyof typeof CONTENTS, bytes: Uint8Array}} BundleModule */

const wordsFor = (bytes) => Math.ceil(bytes / WORD);

/** Words that follow one another, and how they are written. */
class Segment {
  /** @param {number} words */
  constructor(words) {
    this.bytes = Buffer.alloc(words * WORD);
    this.used = 0;
  }

  /** @param {number} words @returns {number} where they begin */
  take(words) {
    const at = this.used;
    this.used += words;
    return at;
  }

  /** A struct's pointer; `offset` counts from the word behind it. */
  structPointer(at, offset, data, pointers) {
    this.bytes.writeInt32LE(offset << 2, at * WORD);
    this.bytes.writeUInt16LE(data, at * WORD + 4);
    this.bytes.writeUInt16LE(pointers, at * WORD + 6);
  }

  /** A pointer to a list; `count` is of bytes, or of words where the elements are structs. */
  listPointer(at, target, elements, count) {
    this.bytes.writeInt32LE(((target - at - 1) << 2) | 1, at * WORD);
    this.bytes.writeUInt32LE(((count << 3) | elements) >>> 0, at * WORD + 4);
  }

  /** @param {number} at a pointer's word @param {Uint8Array} content */
  byteList(at, content) {
    const target = this.take(wordsFor(content.length));
    this.listPointer(at, target, LIST_OF_BYTES, content.length);
    this.bytes.set(content, target * WORD);
  }
}

/**
 * The message that holds these modules.
 * @param {BundleModule[]} modules
 * @returns {Buffer} Throws a RangeError where a list of this format cannot hold a module's bytes.
 */
export function encodeBundle(modules) {
  const size = MODULE.data + MODULE.pointers;
  const named = modules.map(({ name, kind, bytes }) => {
    if (bytes.length > MOST_BYTES)
      throw new RangeError(`${name} has ${bytes.length} bytes; a list holds ${MOST_BYTES}`);
    // A text ends in a zero, which counts.
    return { name: Buffer.from(`${name}\0`), kind, bytes };
  });
  const contents = named.reduce((sum, each) => sum + wordsFor(each.name.length) + wordsFor(each.bytes.length), 0);
  const segment = new Segment(3 + named.length * size + contents);
  segment.structPointer(segment.take(1), 0, 0, 1);
  const list = segment.take(1);
  const tag = segment.take(1);
  segment.listPointer(list, tag, LIST_OF_STRUCTS, named.length * size);
  // The tag has the form of a struct's pointer, with the number of elements where the offset would be.
  segment.structPointer(tag, named.length, MODULE.data, MODULE.pointers);
  const first = segment.take(named.length * size);
  for (const [index, { name, kind, bytes }] of named.entries()) {
    const at = first + index * size;
    segment.bytes.writeUInt16LE(INTERNAL, at * WORD);
    segment.bytes.writeUInt16LE(CONTENTS[kind], at * WORD + 2);
    segment.byteList(at + MODULE.data + POINTER.name, name);
    segment.byteList(at + MODULE.data + POINTER.content, bytes);
  }
  const head = Buffer.alloc(WORD);
  head.writeUInt32LE(segment.used, 4);
  return Buffer.concat([head, segment.bytes]);
}

/** The bundle of the Pyodide in this folder. @param {string} pyodide @returns {Buffer} */
export function assembleBundle(pyodide) {
  const read = (name) => readFileSync(path.join(pyodide, name));
  const glue = patchGlue(read("pyodide.asm.mjs").toString("utf8"));
  return encodeBundle([
    { name: "pyodideRuntime-internal:pyodide.asm", kind: "src", bytes: Buffer.from(glue) },
    { name: "pyodideRuntime-internal:pyodide.asm.wasm", kind: "wasm", bytes: read("pyodide.asm.wasm") },
    { name: "pyodideRuntime-internal:python_stdlib.zip", kind: "data", bytes: read("python_stdlib.zip") },
  ]);
}
