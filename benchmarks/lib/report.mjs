// What every benchmark prints: a table with ratios for people, and, when a file is given, a list of
// {"case", "unit", "ours", "peers": {name: value}, "note"} for programs. Smaller is better in every unit used here.
import { writeFileSync } from "node:fs";

/**
 * Null is a side that was to be measured and gave no value; the note says why.
 * @typedef {{case: string, unit: string, ours: number | null, peers: Record<string, number | null>, note?: string}} Row
 */

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {number[]} values @param {number} quantile of 1 */
export function quantileOf(values, quantile) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))];
}

/** @param {number | null | undefined} value */
function format(value) {
  if (value === undefined) return "-";
  if (value === null) return "failed";
  return value >= 1000 ? value.toFixed(0) : value.toPrecision(3);
}

/** @param {number | null | undefined} peer @param {number | null} ours */
function ratio(peer, ours) {
  return typeof peer === "number" && peer > 0 && ours !== null && ours > 0 ? `${format(peer / ours)}x` : "-";
}

/**
 * Prints the rows, and writes them as JSON to `json`, if that is given.
 * @param {string} title @param {Row[]} rows @param {string} [json]
 */
export function report(title, rows, json) {
  const peers = [...new Set(rows.flatMap((row) => Object.keys(row.peers)))];
  const lines = [["case", "unit", "ours", ...peers.flatMap((name) => [name, `${name}/ours`])]];
  for (const row of rows) {
    const cells = peers.flatMap((name) => [format(row.peers[name]), ratio(row.peers[name], row.ours)]);
    lines.push([row.case, row.unit, format(row.ours), ...cells]);
  }
  const widths = lines[0].map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  console.log(`${title} (medians; smaller is better)`);
  for (const cells of lines) {
    console.log(cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "));
  }
  for (const row of rows) if (row.note) console.log(`${row.case}: ${row.note}`);
  if (json !== undefined) {
    writeFileSync(json, `${JSON.stringify(rows, null, 2)}\n`);
    console.log(`written: ${json}`);
  }
}
