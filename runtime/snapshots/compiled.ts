// What V8 has compiled for a Worker's start: the machine code of Python's wasm, and the bytecode of the realm's scripts. It is made where
// there is none, by a process of its own beside the server (../cli/make_compiled.ts), for the processes that start later.
//
// Nothing depends on it: where it cannot be made or used, V8 compiles as ever, and the log says why.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { loadAddon, type SnapshotPlace } from "../addon.ts";
import { layout, realmWasm } from "../layout.ts";
import { bundled } from "../own_program.ts";
import { nodeArguments } from "../process_flags.ts";
import { packagedScripts } from "../realm/create.ts";
import { codeOf, messageOf } from "../user_error.ts";
import { heapArguments, v8Arguments, youngSpace } from "../v8_flags.mjs";
import type { LogLevel } from "../worker/protocol.ts";
import { fileOf, prepareFolder, touch } from "./folder.ts";
import { keepsCommand } from "./kept_command.ts";
import { compiledKeys } from "./key.ts";
import { noteFile } from "./start_record.ts";

type Log = (level: LogLevel, text: string) => void;

export interface CompiledPlaces {
  readonly code: SnapshotPlace;
  readonly scripts: SnapshotPlace;
}

/** From when a Worker runs: a process that is not there for long makes none. */
const delayMs = 1000;

export const compiledWasm = path.join(layout.distribution, realmWasm);

/** Undefined: not looked for yet; null: this process has nothing to do with it, or it was seen to. */
let places: CompiledPlaces | null | undefined;
/** The scripts' file, where both can be used. */
let usable: SnapshotPlace | undefined;

/** Of which the code is to be loaded. */
let unloaded: CompiledPlaces | undefined;

/** This process compiles by itself. */
export function withoutCompiled(): void {
  places = null;
}

let keyOf: ((kind: string) => string) | undefined;

export function compiledPlaces(): CompiledPlaces {
  keyOf ??= compiledKeys(layout.distribution, packagedScripts());
  const ofKind = keyOf;
  const place = (kind: "code" | "scripts"): SnapshotPlace => {
    const key = ofKind(kind);
    return { file: fileOf(key, kind), key };
  };
  return { code: place("code"), scripts: place("scripts") };
}

/** V8 takes what was compiled under its own flags alone, and those are the command's. */
function hasCommandsFlags(): boolean {
  const given = nodeArguments().filter((each) => each !== youngSpace && !heapArguments.includes(each));
  const rest = given.filter((each) => !v8Arguments.includes(each));
  const isComplete = rest.length === given.length - v8Arguments.length;
  return isComplete && !process.env.NODE_OPTIONS && rest.every((each) => each.startsWith("--test"));
}

function tellOfRefused({ file }: SnapshotPlace, why: string, log: Log): void {
  log("warn", `the compiled code ${file} cannot be used: ${why}; making it anew`);
}

function find(log: Log): CompiledPlaces | null {
  if (process.env.BLOCKON_SNAPSHOTS === "off" || !hasCommandsFlags()) return null;
  const found = compiledPlaces();
  const { keys, placeOfWorker, program } = bundled();
  const needed = [found.scripts, found.code];
  if (keys() !== undefined) needed.push(placeOfWorker(found.scripts));
  for (const place of needed) noteFile("bytes", place);
  if (!needed.every(({ file }) => existsSync(file))) return found;
  const kept = loadAddon().readKept(found.scripts);
  if (typeof kept === "string") {
    tellOfRefused(found.scripts, kept, log);
    return found;
  }
  for (const { file } of needed) touch(file);
  usable = found.scripts;
  unloaded = found;
  if (program?.place === undefined || keepsCommand) return null;
  if (!program.isKept) return found;
  touch(program.place.file);
  return null;
}

/** Has this process take what was compiled before, if it has not: the file of the realm's scripts, or undefined for none. */
export function useCompiled(log: Log): SnapshotPlace | undefined {
  if (places === undefined) {
    try {
      places = find(log);
    } catch (error) {
      log("warn", `starting without compiled code: ${messageOf(error)}`);
      places = null;
    }
  }
  return usable;
}

/** Starts a thread, and gives its module the code that was compiled before, while the thread makes its realm. */
export function besideCode<Started>(log: Log, start: () => Started): Started {
  const wanted = unloaded;
  unloaded = undefined;
  if (wanted === undefined) return start();
  const addon = loadAddon();
  addon.awaitCode(compiledWasm);
  try {
    return start();
  } finally {
    const why = addon.loadCode(compiledWasm, wanted.code);
    if (why !== null) {
      tellOfRefused(wanted.code, why, log);
      usable = undefined;
      places = wanted;
    }
  }
}

/** Has its maker start, which has not yet. */
let later: (() => void) | undefined;
/** Until that has ended. */
let making: Promise<void> | undefined;

function makeLater(wanted: CompiledPlaces, log: Log): void {
  places = null;
  later = () => {
    later = undefined;
    try {
      making = make(wanted, log);
    } catch (error) {
      log("warn", `compiled code cannot be kept: ${messageOf(error)}`);
    }
  };
}

/** A Worker runs: where nothing was compiled before, it is for the next process. */
export function compileLater(log: Log): void {
  if (places === null || places === undefined) return;
  makeLater(places, log);
  setTimeout(() => later?.(), delayMs).unref();
}

/** The same at once. @returns Until it has been made; undefined where there is nothing to be made, or another process makes it. */
export function compileNow(log: Log): Promise<void> | undefined {
  useCompiled(log);
  if (places !== null && places !== undefined) makeLater(places, log);
  later?.();
  return making;
}

/** Whether the process whose number a lock's file has is there. */
function isHeld(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, "latin1")) || -1, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/** One process makes it, and the others see its number in a file. False where another does. */
function lock(file: string): boolean {
  // Of one that was killed.
  if (existsSync(file) && !isHeld(file)) rmSync(file, { force: true });
  try {
    writeFileSync(file, String(process.pid), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Until its process has ended, if it is this process's. */
function make({ code }: CompiledPlaces, log: Log): Promise<void> | undefined {
  prepareFolder();
  const locked = `${code.file}.lock`;
  if (!lock(locked)) return undefined;
  const program = fileURLToPath(new URL(`../cli/make_compiled${path.extname(import.meta.url)}`, import.meta.url));
  // As this process was started; it ends when this one does, by its channel.
  const flags = v8Arguments.filter((flag) => process.execArgv.includes(flag));
  const { spawn } = process.getBuiltinModule("node:child_process");
  const child = spawn(process.execPath, [...flags, program], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
  let why: string | undefined;
  child.on("message", (text) => {
    why = String(text);
  });
  child.on("error", (error) => {
    why = error.message;
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  child.on("close", (status, signal) => {
    rmSync(locked, { force: true });
    if (status !== 0) log("warn", `compiled code cannot be kept: ${why ?? `its maker ended with ${signal ?? status}`}`);
    resolve();
  });
  child.unref();
  child.channel?.unref();
  process.once("exit", () => rmSync(locked, { force: true }));
  if (child.pid !== undefined) os.setPriority(child.pid, os.constants.priority.PRIORITY_LOW);
  return promise;
}
