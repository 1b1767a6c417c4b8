// wrk, which loads a server: Debian's, pinned to the clients' processor.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
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

/** What has wrk POST, in Lua. @param {string} json */
const posting = (json) => `wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = ${JSON.stringify(json)}
`;

/** @param {string[]} words of wrk @param {string | undefined} json what is posted @returns {Promise<string>} what it says */
async function runWrk(words, json) {
  const [program, ...first] = pinnedClient;
  if (json === undefined) return (await run(program, [...first, "wrk", ...words])).stdout;
  const folder = mkdtempSync(path.join(tmpdir(), "blockon-bench-"));
  try {
    const script = path.join(folder, "post.lua");
    writeFileSync(script, posting(json));
    return (await run(program, [...first, "wrk", "--script", script, ...words])).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * @param {string} url @param {number} connections @param {number} seconds @param {string} [json] what is posted, in ASCII; else it is a GET
 * @returns {Promise<{requests: number, rate: number}>} Throws an Error when one was answered with another status than 2xx or 3xx,
 *   or not at all.
 */
export async function load(url, connections, seconds, json) {
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
  const stdout = await runWrk([...words, url], json);
  const bad = /^\s*(Non-2xx or 3xx responses:.*|Socket errors:.*)$/m.exec(stdout);
  if (bad !== null) throw new Error(`wrk at ${connections} connections: ${bad[1]}`);
  const requests = Number(/(\d+) requests in /.exec(stdout)?.[1]);
  const rate = Number(/^Requests\/sec:\s*([\d.]+)$/m.exec(stdout)?.[1]);
  if (!(requests > 0) || !(rate > 0)) throw new Error(`wrk at ${connections} connections: nothing was answered`);
  return { requests, rate };
}
