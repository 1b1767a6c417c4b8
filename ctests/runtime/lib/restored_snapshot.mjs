// A program of snapshot.test.ts: restores an interpreter from a memory snapshot that was made under other environment
// variables, and lets it wait on fibers.
import { loadPyodide } from "../../../runtime/index.ts";

const home = { HOME: "/home/pyodide" };
const made = await loadPyodide({ _makeSnapshot: true, env: { ...home, SHORT: "1" } });
const snapshot = made.makeMemorySnapshot();
const restored = await loadPyodide({ _loadSnapshot: snapshot, env: { ...home, LONG: "x".repeat(10_000) } });

globalThis.later = (value) => new Promise((resolve) => setTimeout(resolve, 2, value));
console.log(
  await restored.runPythonAsync(`
    import asyncio, _blockon
    from js import later
    from pyodide.ffi import run_sync

    async def waits(number):
        return run_sync(later(number)) + run_sync(asyncio.sleep(0.001, 1))

    async def all_of_them():
        return sum(await asyncio.gather(*(waits(number) for number in range(50))))

    f"{run_sync(all_of_them())} {_blockon.stats()['fibers_live'] >= 1}"
  `),
);
process.exit(0);
