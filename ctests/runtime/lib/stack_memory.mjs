// A program of memory.test.ts: so many fibers, each with deep C frames, wait at once and end. Prints as JSON the bytes of wasm
// memory that are resident before, while they wait, and some time after; then the same of fibers that follow.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { loadPyodide } from "../../../runtime/index.ts";

const count = Number(process.argv[2]);
const pyodide = await loadPyodide();
pyodide.runPython(`
import _blockon
from js import Promise
from pyodide.ffi import run_sync

def open_gate():
    global gate
    gate = Promise.withResolvers()
    return gate

def deep(number, depth=40):
    """Waits under so many calls of sort(), each of which keeps nearly 2 KiB on the C stack."""
    if depth == 0:
        run_sync(gate.promise)
        return number
    return sorted([number], key=lambda item: deep(item, depth - 1))[0]
`);
const openGate = pyodide.globals.get("open_gate");
const deep = pyodide.globals.get("deep");
const stat = (name) => pyodide.runPython(`_blockon.stats()["${name}"]`);

/** The resident bytes of the mapping that holds the wasm memory, the one of its size or the next larger. */
function resident() {
  const size = pyodide._module.HEAPU8.length;
  const mappings = readFileSync("/proc/self/smaps", "utf8").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const kib = (mapping, name) => Number(new RegExp(`^${name}: *(\\d+) kB$`, "m").exec(mapping)[1]);
  const fitting = mappings.filter((mapping) => kib(mapping, "Size") * 1024 >= size);
  return Math.max(...fitting.map((mapping) => kib(mapping, "Rss"))) * 1024;
}

async function wave() {
  const gate = openGate();
  const running = Array.from({ length: count }, (_, number) => deep.callPromising(number));
  do await sleep(1);
  while (stat("fibers_live") < count);
  const waiting = resident();
  gate.resolve();
  const answers = await Promise.all(running);
  const right = answers.filter((answer, number) => answer === number).length;
  for (let waits = 0; waits < 1000 && stat("regions_resident") > 16; waits++) await sleep(10);
  return { waiting, after: resident(), right, kept: stat("regions_resident"), pooled: stat("regions_pooled") };
}

const before = resident();
console.log(JSON.stringify({ before, waves: [await wave(), await wave()] }));
process.exit(0);
