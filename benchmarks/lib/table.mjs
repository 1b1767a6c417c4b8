// What a benchmark with reaches prints: values, what each is of CPython's, the processor's time, and the reaches.
import { inUnit, judgeAmong } from "./reaches.mjs";

/**
 * @typedef {object} Row
 * @property {string} case @property {string} unit
 * @property {number | null} ours @property {Record<string, number | null>} peers
 * @property {Record<string, number | null>} cpuUs an iteration's processor time, ours among them
 * @property {Record<string, string>} errors why there are no values
 * @property {Record<string, string>} notes what else is to be known of those that there are
 * @property {{met: boolean | null, text: string}} reach null where the peer to compare with took no part
 */

/**
 * @param {import("./reaches.mjs").Case} each @param {Record<string, import("./sampling.mjs").Measured>} measured
 * @returns {Row}
 */
export function rowOf(each, measured) {
  const entries = Object.entries(measured);
  const of = (/** @type {(side: import("./sampling.mjs").Measured) => number | null} */ value) =>
    Object.fromEntries(entries.map(([name, side]) => [name, value(side)]));
  const { ours, ...peers } = of(({ us }) => (us === null ? null : inUnit(each, us)));
  const cpuUs = of((side) => side.cpuUs);
  const texts = (/** @type {"error" | "note"} */ key) =>
    Object.fromEntries(entries.filter(([, side]) => side[key]).map(([name, side]) => [name, side[key]]));
  return {
    case: each.name,
    unit: each.unit,
    ours,
    peers,
    cpuUs,
    errors: texts("error"),
    notes: texts("note"),
    reach: judgeAmong(each.reach, ours, peers, cpuUs),
  };
}

/** @param {number | null | undefined} value */
export function format(value) {
  if (value === null || value === undefined) return "-";
  return Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(3);
}

/** The first two to the left, the others to the right. @param {string[][]} lines */
export function columns(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  return lines.map((cells) =>
    cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "),
  );
}

/** @param {string[]} names @param {Record<string, number | null>} values @param {number | null | undefined} base */
function withRatios(names, values, base) {
  const ratio = (value) => (typeof value === "number" && base ? `${format(value / base)}x` : "-");
  return names.flatMap((name) => (name === "cpython" ? [format(base)] : [format(values[name]), ratio(values[name])]));
}

/** @param {boolean | null} met */
const verdict = (met) => (met === null ? "-   " : met ? "ok  " : "MISS");

/**
 * @param {{case: string, reaches: {met: boolean | null, text: string}[], errors: Record<string, string>}[]} rows
 * @returns {string[]}
 */
export function judgedLines(rows) {
  return rows.flatMap(({ case: name, reaches, errors }) => [
    ...reaches.map(({ met, text }) => `${verdict(met)}  ${name} ${text}`),
    ...Object.entries(errors).map(([side, text]) => `${name}, ${side}: ${text}`),
  ]);
}

/** @param {Row[]} rows @param {string[]} names of the sides, in their order @returns {string[]} */
export function tableLines(rows, names) {
  const head = ["case", "unit", ...names.flatMap((name) => (name === "cpython" ? [name] : [name, "/cpython"]))];
  const values = [head];
  const cpu = [head];
  for (const row of rows) {
    const sides = { ours: row.ours, ...row.peers };
    values.push([row.case, row.unit, ...withRatios(names, sides, sides.cpython)]);
    cpu.push([row.case, "us", ...withRatios(names, row.cpuUs, row.cpuUs.cpython)]);
  }
  return [
    "medians; MB/s, 1/s: more is better",
    ...columns(values),
    "",
    "processor time of an iteration",
    ...columns(cpu),
    "",
    ...rows.map((row) => `${verdict(row.reach.met)}  ${row.case} ${row.reach.text}`),
    ...rows.flatMap((row) =>
      Object.entries({ ...row.errors, ...row.notes }).map(([name, text]) => `${row.case}, ${name}: ${text}`),
    ),
  ];
}
