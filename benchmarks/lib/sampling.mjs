// Takes the samples of a case on all peers, in rounds that alternate.
import { median } from "./report.mjs";

/**
 * @typedef {{rounds: number, sampleMs: number, warmUpMs: number, timeoutMs: number}} Effort
 * @typedef {{us: number | null, cpuUs: number | null, error?: string, note?: string}} Measured medians of an iteration
 * @typedef {object} Askable
 * @property {string} name
 * @property {(name: string, n: number, timeoutMs: number) => Promise<{us: number, cpuUs: number}>} ask
 * @property {(name: string) => string | undefined} [noteOf] what is to be known of a case that was measured
 */

/** @type {Effort} */
export const USUAL = { rounds: 7, sampleMs: 150, warmUpMs: 4000, timeoutMs: 60_000 };
/** @type {Effort} */
export const QUICK = { rounds: 1, sampleMs: 10, warmUpMs: 20, timeoutMs: 60_000 };

/**
 * Warms a case up, and finds how many iterations a sample has when the code is warm.
 * @param {(n: number) => Promise<unknown>} iterate @param {{first: number, one?: boolean}} each @param {Omit<Effort, "rounds">} effort
 * @returns {Promise<number>}
 */
export async function iterationsOf(iterate, each, { sampleMs, warmUpMs }) {
  // What starts a process and imports modules warms nothing up, and tells nothing of an iteration.
  await iterate(1);
  let n = each.first;
  for (let spent = 0; ; ) {
    // A case that subtracts may come out at nothing: what is asked for stays finite.
    const begin = performance.now();
    await iterate(n);
    const ms = Math.max(0.01, performance.now() - begin);
    spent += ms;
    if (!each.one) n = Math.max(1, Math.min(5000, Math.round((n * sampleMs) / ms)));
    if (spent >= (each.one ? warmUpMs / 3 : warmUpMs)) return n;
  }
}

/**
 * @param {import("./reaches.mjs").Case} each @param {Askable[]} peers @param {Effort} effort
 * @returns {Promise<Record<string, Measured>>} by peer; one that fails is left out of the rounds that follow
 */
export async function measure(each, peers, effort) {
  const sides = peers.map((peer) => ({ peer, n: 0, us: [], cpuUs: [], error: undefined }));
  const attempt = async (side, action) => {
    if (side.error !== undefined) return;
    try {
      await action();
    } catch (error) {
      side.error = error.message;
    }
  };
  for (const side of sides) {
    await attempt(side, async () => {
      side.n = await iterationsOf((n) => side.peer.ask(each.name, n, effort.timeoutMs), each, effort);
    });
  }
  for (let round = 0; round < effort.rounds; round++) {
    const first = round % sides.length;
    for (const side of [...sides.slice(first), ...sides.slice(0, first)]) {
      await attempt(side, async () => {
        const { us, cpuUs } = await side.peer.ask(each.name, side.n, effort.timeoutMs);
        side.us.push(us / side.n);
        side.cpuUs.push(cpuUs / side.n);
      });
    }
  }
  return Object.fromEntries(
    sides.map(({ peer, us, cpuUs, error }) => {
      if (error !== undefined) return [peer.name, { us: null, cpuUs: null, error }];
      const note = peer.noteOf?.(each.name);
      return [peer.name, { us: median(us), cpuUs: median(cpuUs), ...(note !== undefined && { note }) }];
    }),
  );
}
