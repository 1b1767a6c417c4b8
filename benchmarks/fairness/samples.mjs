// Samples of lateness, taken on several sides in rounds that alternate, and the rows made of them.

/** @typedef {Record<string, () => Promise<number[]>>} Sides what each side was late by, in milliseconds; `ours` is one of them */

/**
 * @param {Sides} sides @param {number} rounds
 * @returns {Promise<Record<string, number[]>>} sorted
 */
export async function sample(sides, rounds) {
  const entries = Object.entries(sides);
  const samples = Object.fromEntries(entries.map(([side]) => [side, /** @type {number[]} */ ([])]));
  for (let round = 0; round < rounds; round++) {
    const first = round % entries.length;
    for (const [side, take] of [...entries.slice(first), ...entries.slice(0, first)])
      samples[side].push(...(await take()));
  }
  for (const values of Object.values(samples)) values.sort((a, b) => a - b);
  return samples;
}

const QUANTILES = { p50: 0.5, p99: 0.99, max: 1 };

/** @param {string} name @param {Record<string, number[]>} samples @returns {import("../lib/report.mjs").Row[]} */
export function rowsOf(name, samples) {
  const counts = Object.entries(samples).map(([side, values]) => `${side} ${values.length}`);
  return Object.entries(QUANTILES).map(([quantile, share]) => {
    const values = Object.entries(samples).map(([side, sorted]) => [
      side,
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))],
    ]);
    const { ours, ...peers } = Object.fromEntries(values);
    const note = quantile === "max" ? { note: `samples: ${counts.join(", ")}` } : {};
    return { case: `${name}, ${quantile}`, unit: "ms", ours, peers, ...note };
  });
}
