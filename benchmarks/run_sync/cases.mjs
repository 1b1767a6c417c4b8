// The cases that are measured in microseconds a call, and the interpreters with the code of all of them.
import { LOADERS } from "../lib/pyodides.mjs";
import * as calls from "./calls.mjs";
import * as coroutines from "./coroutines.mjs";
import * as interpreter from "./interpreter.mjs";
import * as promises from "./promises.mjs";
import { PRELUDE } from "./python.mjs";

const FAMILIES = [promises, calls, coroutines, interpreter];

export const CASES = FAMILIES.flatMap((family) => family.CASES);

/** @returns {Promise<Record<string, import("pyodide").PyodideAPI>>} by side */
export async function loadInterpreters() {
  const interpreters = {};
  for (const [side, load] of Object.entries(LOADERS)) {
    interpreters[side] = await load();
    for (const source of [PRELUDE, ...FAMILIES.map((family) => family.PYTHON)]) interpreters[side].runPython(source);
  }
  return interpreters;
}
