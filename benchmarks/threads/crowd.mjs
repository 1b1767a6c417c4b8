// Ten thousand threads that sleep: how long it takes to start all of them, and what each of them holds of memory. A process of its
// own for each sample, since what one has freed is not given back to the system by all.
import { readFileSync } from "node:fs";
import { progress } from "../lib/progress.mjs";
import { median } from "../lib/report.mjs";
import { SLEEPERS } from "./cases.mjs";

const EVERY_MS = 20;
const WARM_UP = 10;
const PAGE_KIB = 4;

const residentKib = (pid) => Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * PAGE_KIB;

/** @param {import("../lib/peer.mjs").Peer} peer @param {number} timeoutMs */
async function sample(peer, timeoutMs) {
  await peer.ask("sleep_10k_ms", WARM_UP, timeoutMs);
  const before = residentKib(peer.pid);
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, residentKib(peer.pid));
  }, EVERY_MS);
  try {
    const { us, cpuUs } = await peer.ask("sleep_10k_ms", SLEEPERS, timeoutMs);
    return { us, cpuUs, kib: (peak - before) / SLEEPERS };
  } finally {
    clearInterval(watch);
    peer.stop();
  }
}

/**
 * @param {import("../lib/peer.mjs").Peer[]} peers @param {{rounds: number, timeoutMs: number}} effort
 * @returns {Promise<Record<string, Record<string, import("../lib/sampling.mjs").Measured>>>} by case and peer: microseconds for
 *   all of them, KiB for each
 */
export async function measureCrowd(peers, { rounds, timeoutMs }) {
  const measured = { sleep_10k_ms: {}, thread_rss_kib: {} };
  for (const peer of peers) {
    try {
      const samples = [];
      for (let round = 0; round < rounds; round++) {
        progress(`${SLEEPERS} threads: ${peer.name} (${round + 1} of ${rounds})`);
        samples.push(await sample(peer, timeoutMs));
      }
      const of = (key) => median(samples.map((each) => each[key]));
      measured.sleep_10k_ms[peer.name] = { us: of("us"), cpuUs: of("cpuUs") };
      measured.thread_rss_kib[peer.name] = { us: of("kib"), cpuUs: of("cpuUs") };
    } catch (error) {
      const failed = { us: null, cpuUs: null, error: error.message };
      for (const values of Object.values(measured)) values[peer.name] = failed;
    }
  }
  return measured;
}
