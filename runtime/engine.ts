// The engine of an embedder's realm: the one that this module is loaded in, of a main or a worker thread.
//
// The package's own loadPyodide asks for it, and so does the loader of a distribution folder, which has this module beside
// it (patches/314.0.7/0009-own-engine.toml).
import { type Engine, loadAddon } from "./addon.ts";
import { checkStacks, stackBudgets } from "./stack_budget.ts";

let engine: Engine | undefined;

/**
 * The engine of this realm, made at the first call; its stats() tell of fibers that are alive. Interpreters loaded one after
 * another share it. Throws UserError when the addon cannot be loaded, or when V8's stacks are too small for Python.
 */
export function realmEngine(): Engine {
  if (engine === undefined) {
    checkStacks();
    engine = loadAddon().createEngine(globalThis, { runSync: true, ...stackBudgets() });
  }
  return engine;
}
