// `blockon dev`: from a save until the new code answers.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onAllProcessors } from "../lib/peer.mjs";
import { started } from "../serve/servers.mjs";
import { LISTENS } from "./processes.mjs";

const ANSWER = "hello, world";
const MOST_MS = 20_000;
/** Between two saves, as nobody saves while the last one is taken up. */
const PAUSE_MS = 300;

/**
 * @param {string} launcher of emitRuntime() @param {string} folder a Worker's whose entry.py answers with ANSWER, which is changed and put back
 * @param {number} count of saves
 * @returns {Promise<number[]>} ms, of each save
 */
export async function reloads(launcher, folder, count) {
  const file = path.join(folder, "entry.py");
  const text = readFileSync(file, "utf8");
  const command = [launcher, "dev", folder, "--port", "0"];
  const { url, stop } = await started("blockon", command, folder, LISTENS, onAllProcessors);
  const answer = async () => (await (await fetch(url)).text()).trim();
  try {
    if ((await answer()) !== ANSWER) throw new Error(`the Worker does not answer ${JSON.stringify(ANSWER)}`);
    const taken = [];
    for (let save = 1; save <= count; save++) {
      await sleep(PAUSE_MS);
      const begin = performance.now();
      writeFileSync(file, text.replace(ANSWER, `save ${save}`));
      while ((await answer()) !== `save ${save}`) {
        if (performance.now() - begin > MOST_MS) throw new Error(`save ${save} was not there after ${MOST_MS} ms`);
        await sleep(1);
      }
      taken.push(performance.now() - begin);
    }
    return taken;
  } finally {
    await stop();
    writeFileSync(file, text);
  }
}
