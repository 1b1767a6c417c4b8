// For programs of embedder.test.ts: stock Pyodide or blockon's, as the first argument says, under the same names.
import path from "node:path";
import { layout } from "../../../runtime/layout.ts";

const stock = process.argv[2] === "stock";

export const { loadPyodide, version } = stock ? await import("pyodide") : await import("../../../runtime/index.ts");
/** Where its files are. */
export const distribution = stock
  ? path.join(layout.distribution, "../../../node_modules/pyodide")
  : layout.distribution;

/** What came of a call, as JSON can hold it: its value, or its exception's type and text without places. */
export async function outcome(call) {
  try {
    const value = await call();
    return { value: value === undefined ? null : value?.toJs ? value.toString() : value };
  } catch (error) {
    // Warnings stand there as the collector made them.
    const lines = String(error.message)
      .trimEnd()
      .split("\n")
      .filter((line) => !line.includes("Warning: "));
    const text = lines[0].startsWith("Traceback") ? lines.at(-1) : lines[0].replace(/ imported from .*/, "");
    return { error: error.name, type: error.type ?? null, text };
  }
}

/**
 * Runs the cases one after another and prints an object of their outcomes, with the errors in each case's time that nobody
 * caught, as asyncio's loop lets some go, if they are to be told.
 */
export async function report(cases, tellUncaught) {
  const results = {};
  let uncaught = [];
  process.on("uncaughtException", (error) => uncaught.push(String(error?.type ?? error)));
  for (const [name, call] of Object.entries(cases)) {
    uncaught = [];
    results[name] = await outcome(call);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve));
    if (tellUncaught && uncaught.length > 0) results[name].uncaught = uncaught.sort();
  }
  process.stdout.write(`${JSON.stringify(results)}\n`, () => process.exit(0));
}
