// What V8 has made of the realm's scripts, as a file has it (../snapshots/compiled.ts).
import { deserialize, serialize } from "node:v8";
import { loadAddon, type SnapshotPlace } from "../addon.ts";
import type { Realm } from "../realm/create.ts";

type Log = (text: string) => void;

/** By the scripts' names; undefined for none. */
export function readScripts(place: SnapshotPlace | undefined, log: Log): ReadonlyMap<string, Uint8Array> | undefined {
  if (place === undefined) return undefined;
  const kept = loadAddon().readKept(place);
  if (typeof kept !== "string") return deserialize(kept) as Map<string, Uint8Array>;
  log(`the compiled scripts ${place.file} cannot be used: ${kept}`);
  return undefined;
}

/** Writes them as they are by now. */
export function saveScripts(place: SnapshotPlace, realm: Realm, log: Log): void {
  const why = loadAddon().writeKept(place, serialize(realm.compileScripts()));
  if (why !== null) log(`${place.file}: ${why}`);
}
