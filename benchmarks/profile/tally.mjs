// Samples added up: microseconds an operation of each side, by group and by symbol, with what is subtracted subtracted.
import { classify, GROUPS } from "./groups.mjs";
import { windowAt } from "./windows.mjs";

/**
 * @typedef {{symbol: string, group: string, us: number}} SymbolShare
 * @typedef {{groups: Record<string, number>, symbols: SymbolShare[], us: number}} Tally of one side
 */

/** Microseconds an iteration by `group\0symbol`. */
function perIteration(samples, windows, ownerOf) {
  const times = new Map();
  const iterations = windows.reduce((sum, window) => sum + window.n, 0);
  for (const sample of samples) {
    const { group, symbol } = classify(sample.symbol, sample.library, ownerOf);
    const key = `${group}\0${symbol}`;
    times.set(key, (times.get(key) ?? 0) + sample.us / iterations);
  }
  return times;
}

/**
 * @param {import("./perf.mjs").Sample[]} samples
 * @param {import("./windows.mjs").Window[]} windows in the order of time
 * @param {Record<string, import("./wasm_owners.mjs").OwnerOf>} owners by side
 * @returns {Record<string, Tally>} by side
 */
export function tally(samples, windows, owners) {
  const within = new Map();
  for (const sample of samples) {
    const window = windowAt(windows, sample.time);
    if (window === undefined) continue;
    const key = `${window.side} ${window.part}`;
    if (!within.has(key)) within.set(key, []);
    within.get(key).push(sample);
  }
  const timesOf = (side, part) => {
    const own = windows.filter((window) => window.side === side && window.part === part);
    return perIteration(within.get(`${side} ${part}`) ?? [], own, owners[side]);
  };
  const tallies = {};
  for (const side of new Set(windows.map((window) => window.side))) {
    const times = timesOf(side, "loop");
    for (const [key, us] of timesOf(side, "less")) times.set(key, (times.get(key) ?? 0) - us);
    const groups = Object.fromEntries(GROUPS.map((group) => [group, 0]));
    const symbols = [];
    for (const [key, us] of times) {
      const [group, symbol] = key.split("\0");
      groups[group] += us;
      symbols.push({ symbol, group, us });
    }
    symbols.sort((a, b) => b.us - a.us);
    tallies[side] = { groups, symbols, us: symbols.reduce((sum, each) => sum + each.us, 0) };
  }
  return tallies;
}
