// What a benchmark's case is, in which unit it counts, and how far ours is to reach.

/**
 * A reach compares ours with `peer`'s value: `most` times that, or `least`; without a peer the value itself. `cpu`: so does the
 * processor's time, with `most` times that peer's.
 * @typedef {{peer?: string, most?: number, least?: number, cpu?: number}} Reach
 * @typedef {"us" | "ms" | "MB/s" | "1/s" | "KiB"} Unit
 * @typedef {{name: string, unit: Unit, size?: number, reach: Reach, first: number, one?: boolean, peers?: string[]}} Case
 *   `size`: bytes of an iteration, of MB/s; `peers`: those that have the case, if not all have; `first`: iterations of the
 *   first sample; `one`: a sample is one iteration, whatever it takes
 */

/**
 * Microseconds of an iteration in the case's unit. Memory is counted elsewhere, and is in its unit already.
 * @param {{unit: Unit, size?: number}} each @param {number} us
 */
export function inUnit({ unit, size = 0 }, us) {
  if (unit === "ms") return us / 1000;
  if (unit === "MB/s") return size / us;
  return unit === "1/s" ? 1e6 / us : us;
}

/**
 * @param {Reach} reach @param {number | null} ours @param {Record<string, number | null>} peers
 * @param {Record<string, number | null>} [cpuUs] the processor's time of all, ours among them
 * @returns {{met: boolean, text: string}} a value that is not there meets nothing
 */
export function judge({ peer, most, least, cpu }, ours, peers, cpuUs = {}) {
  const base = peer === undefined ? 1 : peers[peer];
  const bound = `${most === undefined ? `>= ${least}` : `<= ${most}`}${peer === undefined ? "" : ` x ${peer}`}`;
  if (ours === null || typeof base !== "number") return { met: false, text: `${bound}: not measured` };
  const value = ours / base;
  const met = most === undefined ? value >= /** @type {number} */ (least) : value <= most;
  const text = `${bound}: ${value.toPrecision(3)}${met ? "" : ", missed"}`;
  if (cpu === undefined || peer === undefined) return { met, text };
  const busy = Number(cpuUs.ours) / Number(cpuUs[peer]);
  const frugal = busy <= cpu;
  return {
    met: met && frugal,
    text: `${text}; processor <= ${cpu} x: ${busy.toPrecision(3)}${frugal ? "" : ", missed"}`,
  };
}

/**
 * judge(), of the sides that took part: `met` is null where the one to compare with did not.
 * @param {Reach} reach @param {number | null} ours @param {Record<string, number | null>} peers
 * @param {Record<string, number | null>} [cpuUs]
 * @returns {{met: boolean | null, text: string}}
 */
export function judgeAmong(reach, ours, peers, cpuUs) {
  const { peer } = reach;
  if (peer !== undefined && !(peer in peers)) return { met: null, text: `is not judged without ${peer}` };
  return judge(reach, ours, peers, cpuUs);
}
