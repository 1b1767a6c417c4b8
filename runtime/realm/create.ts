// Makes the V8 context in which a Worker's Pyodide lives, and sets it up with the scripts of this folder.
//
// The context has the language and WebAssembly, code generation from strings is off, and nothing of Node is in it: the two
// objects that the addon puts there are born in it and pass primitives and bytes alone. No function, object or error of the
// host may ever enter it; a value of it is never inspected here, only its text.
import { readdirSync } from "node:fs";
import path from "node:path";
import vm from "node:vm";
import { type BridgeHandler, type Engine, type EngineOptions, type HostEnd, loadAddon } from "../addon.ts";
import { installedPackage } from "../installed_package.ts";
import { layout, realmWasm } from "../layout.ts";

export interface RealmOptions extends EngineOptions {
  /** Live fibers at most. */
  readonly maxFibers?: number;
  /** Whether time slices go for tasks as for threads. */
  readonly preemptTasks?: boolean;
  /** The folder of the Pyodide that runs in it. */
  readonly distribution: string;
  /** What V8 made of the scripts before, by their names. */
  readonly compiledScripts?: ReadonlyMap<string, Uint8Array> | undefined;
}

export interface Realm {
  readonly engine: Engine;
  readonly bridge: HostEnd;
  /** Of compiledScripts, those that V8 did not take. */
  readonly refusedScripts: readonly string[];
  /** What V8 has made of the scripts by now, with the functions that have run. */
  compileScripts(): Map<string, Uint8Array>;
  dispose(): void;
}

/** Packages of pure JavaScript, which scripts of this folder expose. */
export function packagedScripts(): string[] {
  return [path.join(installedPackage("web-streams-polyfill"), "dist", "ponyfill.js")];
}

/** What runs before a script of this folder: such packages, and Pyodide's glue and loader. */
function scriptsBefore(name: string, distribution: string): string[] {
  switch (name) {
    case "52-streams.js":
      return packagedScripts();
    case "90-boot.js":
      return ["realm.asm.js", "realm.loader.js"].map((file) => path.join(distribution, file));
    default:
      return [];
  }
}

/** The scripts in the order in which they run. */
function scriptFiles(distribution: string): string[] {
  const own = readdirSync(layout.realm)
    .filter((name) => /^\d\d-.*\.js$/.test(name))
    .sort();
  if (own.at(-1) !== "90-boot.js") throw new Error(`${layout.realm}: the realm's scripts are missing`);
  return own.flatMap((name) => [...scriptsBefore(name, distribution), path.join(layout.realm, name)]);
}

/** What this thread has compiled, by file: its realms share the code, and what V8 makes of it later. */
const compiled = new Map<string, vm.Script>();

/**
 * @param handler Answers what the realm asks of the host.
 * @param rejected Told of each promise of the realm that is rejected and not handled.
 * @param stackBytes Size of V8's stack in this thread.
 */
export function createRealm(
  options: RealmOptions,
  handler: BridgeHandler,
  rejected: (text: string) => void,
  stackBytes: number,
): Realm {
  const addon = loadAddon();
  const global = vm.createContext(vm.constants.DONT_CONTEXTIFY, {
    name: "worker",
    codeGeneration: { strings: false, wasm: true },
  }) as object;
  const engine = addon.createEngine(global, { ...options, wasm: path.join(options.distribution, realmWasm) });
  engine.install("__blockonEngine", options.maxFibers, options.preemptTasks);
  const bridge = addon.createBridge(global, "__blockonBridge", handler, stackBytes);
  const scripts = new Map<string, vm.Script>();
  const refusedScripts: string[] = [];
  for (const file of scriptFiles(options.distribution)) {
    const name = path.basename(file);
    let script = compiled.get(file);
    if (script === undefined) {
      const cachedData = options.compiledScripts?.get(name);
      script = new vm.Script(addon.sharedText(file), {
        filename: `blockon:${name}`,
        ...(cachedData !== undefined && { cachedData }),
      });
      if (script.cachedDataRejected === true) refusedScripts.push(name);
      compiled.set(file, script);
    }
    scripts.set(name, script);
    script.runInContext(global as vm.Context);
  }
  addon.guardRealm(global, rejected);
  return {
    engine,
    bridge,
    refusedScripts,
    compileScripts: () => new Map(Array.from(scripts, ([name, script]) => [name, script.createCachedData()])),
    dispose() {
      bridge.dispose();
      engine.dispose();
      addon.leaveRealm(global);
    },
  };
}
