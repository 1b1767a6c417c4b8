// wrk, which loads a server: Debian's, pinned to the clients' processor.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { pinnedClient } from "../lib/peer.mjs";

const run = promisify(execFile);
const INSTALL = "wrk is not installed. Debian and Ubuntu have it in the package wrk.";

/** Throws an Error where there is no wrk. */
export async function requireWrk() {
  try {
    await run("wrk", ["--version"]);
  } catch (error) {
    // Its exit code is 1 when it has told its version.
    if (error.code === "ENOENT") throw new Error(INSTALL, { cause: error });
  }
}

/**
 * @param {string} url @param {number} connections @param {number} seconds
 * @returns {Promise<{requests: number, rate: number}>} Throws an Error when one was answered with another status than 2xx or 3xx,
 *   or not at all.
 */
export async function load(url, connections, seconds) {
  const words = [
    "--threads",
    "1",
    "--connections",
    String(connections),
    "--duration",
    `${seconds}s`,
    "--timeout",
    "30s",
  ];
  const [program, ...rest] = [...pinnedClient, "wrk", ...words, url];
  const { stdout } = await run(program, rest);
  const bad = /^\s*(Non-2xx or 3xx responses:.*|Socket errors:.*)$/m.exec(stdout);
  if (bad !== null) throw new Error(`wrk at ${connections} connections: ${bad[1]}`);
  const requests = Number(/(\d+) requests in /.exec(stdout)?.[1]);
  const rate = Number(/^Requests\/sec:\s*([\d.]+)$/m.exec(stdout)?.[1]);
  if (!(requests > 0) || !(rate > 0)) throw new Error(`wrk at ${connections} connections: nothing was answered`);
  return { requests, rate };
}
