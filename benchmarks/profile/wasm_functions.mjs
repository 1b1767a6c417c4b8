// The functions of a wasm binary by index, as V8 names them in a profile: how many are imported and defined, and the names
// that its exports and its name section give.

const IMPORT = 2;
const FUNCTION = 3;
const EXPORT = 7;
const CUSTOM = 0;
const FUNCTION_NAMES = 1;

class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte() {
    return this.bytes[this.at++];
  }

  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  text() {
    const length = this.number();
    this.at += length;
    return Buffer.from(this.bytes.subarray(this.at - length, this.at)).toString();
  }

  /** As many bytes as the number here says. */
  part() {
    const length = this.number();
    this.at += length;
    return new Reader(this.bytes, this.at - length, this.at);
  }

  limits() {
    if (this.number() & 1) this.number();
    this.number();
  }
}

/** Reads the type of an import that is no function. */
const SKIP = {
  1: (reader) => {
    reader.byte();
    reader.limits();
  },
  2: (reader) => reader.limits(),
  3: (reader) => {
    reader.byte();
    reader.byte();
  },
  4: (reader) => {
    reader.byte();
    reader.number();
  },
};

function importedFunctions(reader) {
  let functions = 0;
  for (let left = reader.number(); left > 0; left--) {
    reader.text();
    reader.text();
    const kind = reader.byte();
    if (kind !== 0) SKIP[kind](reader);
    else functions += reader.number() >= 0;
  }
  return functions;
}

function readExports(reader, names) {
  for (let left = reader.number(); left > 0; left--) {
    const name = reader.text();
    const kind = reader.byte();
    const index = reader.number();
    if (kind === 0 && !names.has(index)) names.set(index, name);
  }
}

function readNames(reader, names) {
  if (reader.text() !== "name") return;
  while (reader.at < reader.end) {
    const kind = reader.byte();
    const part = reader.part();
    if (kind !== FUNCTION_NAMES) continue;
    for (let left = part.number(); left > 0; left--) names.set(part.number(), part.text());
  }
}

/**
 * @param {Uint8Array} bytes
 * @returns {{imported: number, defined: number, names: Map<number, string>}}
 */
export function wasmFunctions(bytes) {
  const functions = { imported: 0, defined: 0, names: new Map() };
  const reader = new Reader(bytes, 8);
  while (reader.at < reader.end) {
    const id = reader.byte();
    const section = reader.part();
    if (id === IMPORT) functions.imported = importedFunctions(section);
    else if (id === FUNCTION) functions.defined = section.number();
    else if (id === EXPORT) readExports(section, functions.names);
    else if (id === CUSTOM) readNames(section, functions.names);
  }
  return functions;
}
