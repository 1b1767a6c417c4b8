// Cloudflare's workerd with a Python Worker, which does all iterations of a sample in one request to it.
import path from "node:path";
import { workerdPackages } from "../lib/packages.mjs";
import { pinnedClient } from "../lib/peer.mjs";
import { askWorkerd, BadStatusError, startWorkerd } from "../lib/workerd.mjs";
import { pythonWorker } from "../lib/workerd_config.mjs";
import { provideWorkerd } from "../lib/workerd_packages.mjs";

const python = (name) => path.join(import.meta.dirname, "python", name);

const MOST_TRIES = 3;

export class WorkerdPeer {
  name = "workerd";
  #start;
  #url;
  /** @type {import("../lib/workerd.mjs").RunningWorkerd | undefined} */
  #running;
  /** By case, since workerd cancels some requests with many connections, as hung. @type {Map<string, {asked: number, failed: string[]}>} */
  #tries = new Map();

  /**
   * @param {import("../lib/workerd_packages.mjs").Workerd} workerd @param {string} packages @param {string} url the server's
   * @param {string[]} pinned the command that pins it
   */
  constructor(workerd, packages, url, pinned) {
    const worker = pythonWorker([python("workerd_entry.py"), python("http_clients.py")], packages);
    this.#start = () => startWorkerd(workerd, worker, { pinned });
    this.#url = url;
  }

  /** @param {string} name a case @param {number} n @param {number} timeoutMs @returns {Promise<import("../lib/peer.mjs").Sample>} */
  async ask(name, n, timeoutMs) {
    const tries = this.#tries.get(name) ?? { asked: 0, failed: [] };
    this.#tries.set(name, tries);
    for (let left = MOST_TRIES; ; left--) {
      if (!this.#running?.isAlive) {
        await this.stop();
        this.#running = await this.#start();
      }
      tries.asked++;
      const before = this.#running.cpuUs();
      try {
        const answer = JSON.parse(await this.#ask(JSON.stringify({ case: name, n, url: this.#url }), timeoutMs));
        const cpuUs = this.#running.cpuUs() - before;
        if (answer.error !== undefined) throw new Error(answer.error);
        return { us: answer.us, cpuUs };
      } catch (error) {
        tries.failed.push(error.message);
        if (!(error.cause instanceof BadStatusError) || left === 1) throw error;
      }
    }
  }

  /** What is to be known of a case beside its figures. @param {string} name @returns {string | undefined} */
  noteOf(name) {
    const { asked = 0, failed = [] } = this.#tries.get(name) ?? {};
    return failed.length === 0 ? undefined : `${failed.length} of ${asked} samples failed: ${failed[0]}`;
  }

  async #ask(body, timeoutMs) {
    try {
      return await askWorkerd(this.#running.url, { body, timeoutMs });
    } catch (error) {
      const words = this.#running.lastWords();
      if (!(error instanceof BadStatusError)) await this.stop();
      throw new Error(words === "" ? error.message : `${error.message}: ${words}`, { cause: error });
    }
  }

  async stop() {
    const running = this.#running;
    this.#running = undefined;
    await running?.stop();
  }
}

/** In its place where there is none: every case of it says why. */
class MissingPeer {
  /** @param {string} name @param {string} why */
  constructor(name, why) {
    this.name = name;
    this.why = why;
  }

  async ask() {
    throw new Error(this.why);
  }

  stop() {}
}

/** It is installed when it is asked for; without it the others are measured all the same. @param {string} url the server's */
export async function workerdPeer(url) {
  try {
    return new WorkerdPeer(await provideWorkerd(), await workerdPackages("http"), url, pinnedClient);
  } catch (error) {
    const why = `not installed: ${error.message}`;
    process.stderr.write(`http: GOING ON WITHOUT workerd. ${why}. --peers says which to measure.\n`);
    return new MissingPeer("workerd", why);
  }
}
