// What a snapshot of the interpreter is bound to: all that its memory was laid out by.
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import path from "node:path";
import { loadAddon } from "../addon.ts";
import { layout } from "../layout.ts";
import { bundled } from "../own_program.ts";
import { v8Arguments } from "../v8_flags.mjs";
import { digestOfFiles } from "./digest.ts";

/** What is different between interpreters of one build. */
export interface SnapshotVariant {
  /** A folder of a processed Pyodide. */
  readonly distribution: string;
  /** Whether wasm may suspend. */
  readonly runSync: boolean;
  readonly stackBudgets: { readonly mainStackBudget: number; readonly fiberStackBudget: number };
}

/** The wasm is named by its digest in the loader, which is much shorter. */
const parts = ["realm.loader.js", "realm.asm.js", "python_stdlib.zip", "pyodide-lock.json"];

/** Cloudflare's SDK, which the baseline has imported. */
function sdkFiles(): string[] {
  const folder = path.join(layout.sdk, "workers");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".py"))
    .sort()
    .map((name) => path.join(folder, name));
}

/** By folder: a process's build does not change. */
const digests = new Map<string, string>();

/** Of all that an interpreter of this build is made of. */
export function buildDigest(distribution: string): string {
  let digest = digests.get(distribution);
  if (digest === undefined) {
    // The scripts, and not what makes the realm.
    const realm = readdirSync(layout.realm)
      .filter((name) => /^\d\d-.*\.js$/.test(name))
      .sort();
    digest = digestOfFiles([
      ...parts.map((name) => path.join(distribution, name)),
      layout.addon,
      ...realm.map((name) => path.join(layout.realm, name)),
      ...sdkFiles(),
    ]);
    digests.set(distribution, digest);
  }
  return digest;
}

/** As Python's module time has it from its start: the offsets and names of winter and summer. */
function timeZone(): string {
  const year = new Date().getFullYear();
  return [0, 6].map((month) => new Date(year, month, 1).toString().replace(/^.* GMT/, "")).join();
}

/** What the processor can do, which V8's code is made for. */
function processor(): string {
  // The first processor's lines are enough, and the file is long where there are many.
  const file = openSync("/proc/cpuinfo", "r");
  const bytes = Buffer.alloc(8192);
  const text = bytes.toString("latin1", 0, readSync(file, bytes));
  closeSync(file);
  return `${/^model name.*$/m.exec(text)?.[0]}\n${/^flags.*$/m.exec(text)?.[0]}`;
}

/** The keys of what V8 has compiled, by kind. @param scripts The files of the realm's scripts that are packages'. */
export function compiledKeys(distribution: string, scripts: readonly string[]): (kind: string) => string {
  const digest = [buildDigest(distribution), digestOfFiles(scripts)];
  const facts = [
    bundled().keys()?.worker,
    ...digest,
    process.version,
    process.versions.v8,
    process.arch,
    processor(),
    ...v8Arguments,
  ];
  const { sha256 } = loadAddon();
  const common = sha256(facts.join("\n"));
  return (kind) => sha256(`${kind}\n${common}`);
}

/** 64 hexadecimal digits. */
export function snapshotKey({ distribution, runSync, stackBudgets }: SnapshotVariant): string {
  const { mainStackBudget, fiberStackBudget } = stackBudgets;
  const facts = [buildDigest(distribution), process.version, process.versions.v8, process.arch];
  const settings = [timeZone(), runSync, mainStackBudget, fiberStackBudget];
  return loadAddon().sha256([...facts, ...settings].join("\n"));
}
