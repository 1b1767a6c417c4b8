// A profile as tables for people.

const TOP = 15;

const number = (value) => (Math.abs(value) < 10 ? value.toFixed(3) : value.toFixed(1));

/** The first column to the left, the others to the right. @param {string[][]} lines */
function printColumns(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  for (const cells of lines) {
    console.log(
      cells
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join("  ")
        .trimEnd(),
    );
  }
}

/** @param {import("../profile.mjs").Profile} profile */
export function print({ case: name, unit, parts, peers, symbols }) {
  const total = (side) => Object.values(side).reduce((all, value) => all + value, 0);
  const ours = total(parts);
  const sides = [parts, ...Object.values(peers)];
  const lines = [[`${name}, ${unit}`, "ours", "share", ...Object.keys(peers)]];
  const row = (title, values, share) => lines.push([title, number(values[0]), share, ...values.slice(1).map(number)]);
  for (const part of Object.keys(parts)) {
    const values = sides.map((side) => side[part]);
    if (values.some((value) => Math.abs(value) >= 0.001))
      row(part, values, `${((100 * parts[part]) / ours).toFixed(0)} %`);
  }
  row("sum", sides.map(total), "100 %");
  printColumns(lines);
  if (symbols.length > 0) {
    console.log(`\n${name}, the dearest of ours`);
    for (const { symbol, group, us } of symbols.slice(0, TOP))
      console.log(`${number(us)}  ${group}: ${symbol.slice(0, 90)}`);
  }
  console.log();
}
