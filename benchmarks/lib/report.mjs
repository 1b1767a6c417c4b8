// What every benchmark prints: a table with ratios for people, and with --json FILE a list of
// {"case", "unit", "ours", "peers": {name: value}} for programs. Smaller is better in every unit used here.
import { writeFileSync } from "node:fs";

/** @typedef {{case: string, unit: string, ours: number, peers: Record<string, number | null>, note?: string}} Row */

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {number} value */
function format(value) {
  if (value >= 1000) return value.toFixed(0);
  return value.toPrecision(3);
}

/**
 * Prints the rows, and writes them as JSON when the command line has --json FILE.
 * @param {string} title @param {Row[]} rows
 */
export function report(title, rows) {
  const peers = [...new Set(rows.flatMap((row) => Object.keys(row.peers)))];
  const lines = [["case", "unit", "ours", ...peers.flatMap((name) => [name, `${name}/ours`])]];
  for (const row of rows) {
    const cells = [row.case, row.unit, format(row.ours)];
    for (const name of peers) {
      const value = row.peers[name];
      if (value === undefined) cells.push("-", "-");
      else if (value === null) cells.push("crashed", "-");
      else cells.push(format(value), `${format(value / row.ours)}x`);
    }
    lines.push(cells);
  }
  const widths = lines[0].map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  console.log(`${title} (medians; smaller is better)`);
  for (const cells of lines) {
    console.log(cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "));
  }
  for (const row of rows) if (row.note) console.log(`${row.case}: ${row.note}`);
  const index = process.argv.indexOf("--json");
  if (index >= 0) {
    const file = process.argv[index + 1];
    if (!file) throw new Error("--json needs a file name");
    writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`);
    console.log(`written: ${file}`);
  }
}
