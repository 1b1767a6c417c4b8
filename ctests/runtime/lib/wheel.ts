// Wheels and source archives of tiny packages, for tests of what is installed.
import { createHash } from "node:crypto";
import { crc32, gzipSync } from "node:zlib";

type Files = { readonly [name: string]: string };

/** A zip of uncompressed files. */
function zip(files: Files): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const [title, data] = [Buffer.from(name), Buffer.from(text)];
    // Version, flags, method, time, date (1 January 1980), checksum, sizes and the name's length: in both headers.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(title.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), common, title, data]);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), common, central, title);
    parts.push(local);
    offset += local.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(Object.keys(files).length, 4);
  end.writeUInt16LE(Object.keys(files).length, 6);
  end.writeUInt32LE(index.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, index, Buffer.from("PK\x05\x06", "latin1"), end]);
}

export interface WheelFile {
  readonly name: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

export const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** @param requires Of its metadata, as `extras`. */
export function wheel(
  name: string,
  version: string,
  {
    requires = [],
    extras = [],
    tag = "py3-none-any",
    files = {},
  }: { requires?: string[]; extras?: string[]; tag?: string; files?: Files } = {},
): WheelFile {
  const info = `${name}-${version}.dist-info`;
  const metadata = `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`;
  const bytes = zip({
    [`${name}.py`]: `version = ${JSON.stringify(version)}\n`,
    ...files,
    [`${info}/METADATA`]: [
      metadata,
      ...extras.map((extra) => `Provides-Extra: ${extra}\n`),
      ...requires.map((line) => `Requires-Dist: ${line}\n`),
    ].join(""),
    [`${info}/WHEEL`]: `Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: ${tag}\n`,
    [`${info}/RECORD`]: "",
  });
  return { name: `${name}-${version}-${tag}.whl`, bytes, sha256: sha256(bytes) };
}

/** One file of a tar archive. */
function tarEntry(name: string, text: string): Buffer {
  const data = Buffer.from(text);
  const header = Buffer.alloc(512);
  const field = (value: string, at: number): number => header.write(value, at, "latin1");
  field(name, 0);
  field("0000644\0", 100);
  field("0000000\0", 108);
  field("0000000\0", 116);
  field(`${data.length.toString(8).padStart(11, "0")}\0`, 124);
  field("00000000000\0", 136);
  field("        ", 148);
  field("0", 156);
  field("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  field(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

/** A source archive that needs nothing to be built: its build backend is within. */
export function sourceArchive(name: string, version: string): WheelFile {
  const folder = `${name}-${version}`;
  const built = wheel(name, version, { tag: "cp311-cp311-linux_x86_64" });
  const backend = `import base64, pathlib
def build_wheel(folder, config_settings=None, metadata_directory=None):
    pathlib.Path(folder, "${built.name}").write_bytes(base64.b64decode("${built.bytes.toString("base64")}"))
    return "${built.name}"
`;
  const files = {
    "PKG-INFO": `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    "pyproject.toml": `[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n`,
    "backend.py": backend,
  };
  const entries = Object.entries(files).map(([file, text]) => tarEntry(`${folder}/${file}`, text));
  const bytes = gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)]));
  return { name: `${folder}.tar.gz`, bytes, sha256: sha256(bytes) };
}
