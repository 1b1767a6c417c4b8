// What V8 has made of the realm's scripts, as a file has it (../snapshots/compiled.ts): a line of JSON, [name, size] of each, and their bytes.
import { loadAddon, type SnapshotPlace } from "../addon.ts";
import { bundled } from "../own_program.ts";
import type { Realm } from "../realm/create.ts";

type Log = (text: string) => void;
type Scripts = ReadonlyMap<string, Uint8Array>;

const newline = 0x0a;

/** Not by V8's own serializer, with which Node loads what no thread of a Worker needs. */
export function packScripts(scripts: Scripts): Uint8Array {
  const sizes = Array.from(scripts, ([name, bytes]) => [name, bytes.length]);
  return Buffer.concat([Buffer.from(`${JSON.stringify(sizes)}\n`), ...scripts.values()]);
}

function unpackScripts(bytes: Uint8Array): Scripts {
  let at = bytes.indexOf(newline) + 1;
  const sizes = JSON.parse(Buffer.from(bytes.subarray(0, at)).toString("latin1")) as [string, number][];
  return new Map(
    sizes.map(([name, size]) => {
      at += size;
      return [name, bytes.subarray(at - size, at)];
    }),
  );
}

/** By the scripts' names; undefined for none. */
export function readScripts(place: SnapshotPlace | undefined, log: Log): Scripts | undefined {
  if (place === undefined) return undefined;
  const kept = loadAddon().readKept(place);
  if (typeof kept !== "string") return unpackScripts(kept);
  log(`the compiled scripts ${place.file} cannot be used: ${kept}`);
  return undefined;
}

/** Writes them as they are by now, and beside them what V8 has made of this thread's own program. */
export function saveScripts(place: SnapshotPlace, realm: Realm, log: Log): void {
  const why = loadAddon().writeKept(place, packScripts(realm.compileScripts()));
  if (why !== null) log(`${place.file}: ${why}`);
  const { program, placeOfWorker } = bundled();
  if (program === undefined) return;
  const own = placeOfWorker(place);
  const whyNot = loadAddon().writeKept(own, program.script.createCachedData());
  if (whyNot !== null) log(`${own.file}: ${whyNot}`);
}
