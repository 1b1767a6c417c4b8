// The resident memory of a process by the kind of its mappings, from /proc/PID/smaps.
import { readFileSync } from "node:fs";

const RESERVED_KIB = 2 ** 20;
const CHUNK_KIB = 256;
/** What V8 adds to a stack that it switches to: room for its own C++ and the guards. */
const MOST_OF_V8_KIB = 64;

/** @typedef {{start: number, kib: number, access: string, name: string, rss: number}} Mapping in KiB */

/** @param {string} smaps @returns {Mapping[]} */
function parse(smaps) {
  const mappings = [];
  for (const line of smaps.split("\n")) {
    const [, begin, end, access, name] = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)$/.exec(line) ?? [];
    if (begin !== undefined) {
      const start = Number.parseInt(begin, 16) / 1024;
      mappings.push({ start, kib: Number.parseInt(end, 16) / 1024 - start, access, name, rss: 0 });
    } else if (line.startsWith("Rss:")) {
      mappings.at(-1).rss = Number(line.split(/\s+/)[1]);
    }
  }
  return mappings;
}

/** @type {[kind: string, is: (mapping: Mapping, next: Mapping | undefined, stackKib: number) => boolean][]} */
const KINDS = [
  ["files", ({ name }) => name.startsWith("/")],
  ["V8's code", ({ access }) => access.includes("x")],
  [
    "linear memory",
    ({ access, start, kib }, next) =>
      access === "rw-p" && next?.access === "---p" && next.start === start + kib && next.kib > RESERVED_KIB,
  ],
  ["V8's stacks", ({ name, kib }, _, stackKib) => name === "" && kib >= stackKib && kib <= stackKib + MOST_OF_V8_KIB],
  ["V8's heap", ({ name, start, kib }) => name === "" && start % CHUNK_KIB === 0 && kib >= CHUNK_KIB],
];
const REST = "malloc and the rest";

/**
 * Resident KiB by kind. V8's stacks are told by their size, its heap by where its chunks begin, and the linear memory by
 * the address space that is reserved behind it.
 * @param {string} smaps @param {number} stackKib of --wasm-stack-switching-stack-size
 * @returns {Record<string, number>}
 */
export function residentByKind(smaps, stackKib) {
  const resident = Object.fromEntries([...KINDS.map(([kind]) => kind), REST].map((kind) => [kind, 0]));
  const mappings = parse(smaps);
  for (const [index, mapping] of mappings.entries()) {
    const kind = KINDS.find(([, is]) => is(mapping, mappings[index + 1], stackKib))?.[0] ?? REST;
    resident[kind] += mapping.rss;
  }
  return resident;
}

/** Of a process that runs. @param {number} pid @param {number} stackKib */
export function residentOf(pid, stackKib) {
  return residentByKind(readFileSync(`/proc/${pid}/smaps`, "utf8"), stackKib);
}
