// What a start of `blockon serve` used, for the next start of the same command in the same folder: the files of the user's cache, which the
// launcher has checked and copied while Node boots (jspi/launcher/start_record.h), and what the thread of its first Worker was started with
// (../bundled.cjs). It is no more than a guess: whoever takes one of these asks for it by its key, or by the same settings.
//
//   folder DIRECTORY, argument TEXT ...   the command; then an empty line
//   FILE-KIND KEY FILE ...                in the order in which a start asks for them
//   thread JSON
//   realm JSON                            what the thread makes the Worker's realm with (../worker/realm_start.ts)
//   used FILES THREADS REALMS             of what the last start was given of these, for whoever wonders why a start takes its time
import { readFileSync } from "node:fs";
import { loadAddon, type SnapshotPlace } from "../addon.ts";
import { bundled } from "../own_program.ts";
import { touch } from "./folder.ts";
import { keepAmong } from "./small_files.ts";

/** An image of memory (jspi/util/memory_image.h), or bytes (jspi/util/keyed_file.h). */
type FileKind = "image" | "bytes";

/** The last used ones. */
const mostKept = 64;
const delayMs = 1000;
/** Of a realm's, which may name hundreds of libraries: the launcher reads no note that is larger than 64 KiB (jspi/launcher/start_record.cc). */
const mostCharacters = 16 << 10;

const files = new Map<string, string>();
let thread: string | undefined;
let realm: string | undefined;
let threadsUsed = 0;
let realmsUsed = 0;
let isKept = false;

function lineOf(kind: FileKind, { key, file }: SnapshotPlace): string {
  return `${kind} ${key} ${file}`;
}

/** A file that a start asks for, whether it is there yet or not. */
export function noteFile(kind: FileKind, place: SnapshotPlace): void {
  if (!files.has(place.key)) files.set(place.key, lineOf(kind, place));
}

/** The thread that was started ahead is used. */
export function noteThreadUsed(): void {
  threadsUsed++;
}

/** Of the first Worker's. */
export function noteThread(settings: string): void {
  thread ??= settings;
}

/** What its realm is made with: of the same Worker, and asked for once. */
export function noteRealm(start: () => string): void {
  realm ??= start();
}

/** A realm that was made ahead is used. */
export function noteRealmUsed(): void {
  realmsUsed++;
}

function text(filesUsed: number): string {
  const command = [`folder ${process.cwd()}`, ...process.argv.slice(2).map((each) => `argument ${each}`)];
  const { program } = bundled();
  const first = program?.place === undefined ? [] : [lineOf("bytes", program.place)];
  const fits = realm !== undefined && realm.length <= mostCharacters;
  const ahead = [`thread ${thread}`, ...(fits ? [`realm ${realm}`] : [])];
  const used = `used ${filesUsed} ${threadsUsed} ${realmsUsed}`;
  return `${[...command, "", ...first, ...files.values(), ...ahead, used].join("\n")}\n`;
}

function isSame(file: string, wanted: string): boolean {
  try {
    return readFileSync(file, "utf8") === wanted;
  } catch {
    return false;
  }
}

function keep(file: string, filesUsed: number): void {
  const wanted = text(filesUsed);
  if (isSame(file, wanted)) touch(file);
  else keepAmong(mostKept, file, wanted);
}

/** A Worker runs: what was noted by now is for the next start. @param failed Told why it cannot be. */
export function keepRecordLater(failed: (error: unknown) => void): void {
  const { record } = bundled();
  if (record === undefined || thread === undefined || isKept) return;
  isKept = true;
  setTimeout(() => {
    try {
      // What is left is what an earlier start asked for, and this one did not.
      keep(record, loadAddon().dropHanded());
    } catch (error) {
      failed(error);
    }
  }, delayMs).unref();
}
