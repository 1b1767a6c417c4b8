// What the threads of a process have in common of its memory, and what one gives back that has nothing to do.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { getHeapStatistics } from "node:v8";
import { Worker } from "node:worker_threads";
import { loadAddon } from "../../runtime/addon.ts";
import { layout } from "../../runtime/layout.ts";
import { IdleCollection } from "../../runtime/worker/idle_collection.ts";

const run = promisify(execFile);
const mib = 2 ** 20;
const folder = mkdtempSync(path.join(os.tmpdir(), "blockon-memory-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const anonymousMib = (): number =>
  Number(/^RssAnon:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1]) / 1024;

describe("a text that is shared", () => {
  const { sharedText } = loadAddon();

  it("is what the file holds", () => {
    for (const [i, text] of ["", "one\r\ntwo\0\n", "é, ☃ and 𝄞", "a".repeat(2 * mib)].entries()) {
      assert.equal(sharedText(fileOf(`text${i}`, text)), text);
    }
  });

  it("stays what was read as long as somebody has it", () => {
    const file = fileOf("changed", "before");
    const text = sharedText(file);
    writeFileSync(file, "after");
    assert.equal(sharedText(file), text);
  });

  it("is refused with the file that cannot be read", () => {
    assert.throws(() => sharedText(path.join(folder, "missing")), /missing cannot be read: open: No such file/);
    assert.throws(() => sharedText(folder), /cannot be read: /);
    assert.throws(() => Reflect.apply(sharedText, undefined, [1]), TypeError);
  });

  it("is in memory once, however many threads have it", async () => {
    const size = 16 * mib;
    const file = fileOf("large", "a".repeat(size));
    const code = `
      const { parentPort, workerData } = require("node:worker_threads");
      const text = require(workerData.addon).sharedText(workerData.file);
      parentPort.on("message", () => parentPort.postMessage(text.length + text.charCodeAt(text.length - 1)));
      parentPort.postMessage("ready");`;
    const before = anonymousMib();
    const threads = [];
    for (let i = 0; i < 4; i++) {
      const thread = new Worker(code, { eval: true, workerData: { addon: layout.addon, file } });
      await new Promise((resolve) => thread.once("message", resolve));
      threads.push(thread);
    }
    const grown = anonymousMib() - before;
    for (const thread of threads) {
      const answer = new Promise((resolve) => thread.once("message", resolve));
      thread.postMessage("");
      assert.equal(await answer, size + "a".charCodeAt(0));
      await thread.terminate();
    }
    // Once, with ten for a thread; it were 64 and those.
    assert.ok(grown < 60, `four threads that have a text of 16 MiB took ${grown} MiB`);
  });
});

describe("a thread that starts", () => {
  /** With the memory of an interpreter, beside which its objects are few. Prints V8's collections that are not of young objects alone. */
  const program = (isStarting: boolean, memory?: "without"): string => `
    const { PerformanceObserver, constants } = require("node:perf_hooks");
    const { setStarting } = require(${JSON.stringify(layout.addon)});
    let collections = 0;
    new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries()) if (detail.kind !== constants.NODE_PERFORMANCE_GC_MINOR) collections++;
    }).observe({ entryTypes: ["gc"] });
    setStarting(${isStarting});
    const rows = (count) => Array.from({ length: count }, (_, number) => ({ number }));
    const kept = [rows(100_000)];
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    (async () => {
      for (let i = 0; i < 40; i++) {
        if (i === 20 && ${memory !== "without"}) kept.push(new WebAssembly.Memory({ initial: 450 }));
        rows(20_000);
        await turn();
      }
      setTimeout(() => console.log(collections), 100);
    })();`;
  const collectionsOf = async (isStarting: boolean, memory?: "without"): Promise<number> => {
    const { stdout } = await run(process.execPath, ["--max-semi-space-size=4", "-e", program(isStarting, memory)]);
    return Number(stdout);
  };

  it("collects no more than young objects", async () => {
    assert.ok((await collectionsOf(false)) > 0);
    assert.equal(await collectionsOf(true), 0);
    assert.equal(await collectionsOf(false, "without"), 0, "it is the memory that V8 collects for");
  });

  it("is told so by a boolean", () => {
    assert.throws(() => Reflect.apply(loadAddon().setStarting, undefined, [1]), /setStarting needs a boolean/);
  });
});

describe("malloc's heaps", () => {
  /** Those of threads: 64 MiB of addresses each, at a multiple of that. */
  const program = (before: string): string => `
    const addon = require(${JSON.stringify(layout.addon)});
    ${before}
    const { readFileSync } = require("node:fs");
    const { Worker } = require("node:worker_threads");
    const whole = 64 * 2 ** 20;
    const arenas = () => {
      const maps = readFileSync("/proc/self/maps", "latin1").split("\\n").map((line) => /^(\\w+)-(\\w+) (\\S+)/.exec(line)).filter(Boolean);
      return maps.filter(([, begin, end, access], i) => {
        const [, nextBegin, nextEnd, nextAccess] = maps[i + 1] ?? [];
        return parseInt(begin, 16) % whole === 0 && access.startsWith("rw") && nextBegin === end && nextAccess === "---p" && parseInt(nextEnd, 16) === parseInt(begin, 16) + whole;
      }).length;
    };
    (async () => {
      const first = arenas();
      for (let i = 0; i < 12; i++) {
        const thread = new Worker("setInterval(() => {}, 1e6)", { eval: true });
        await new Promise((resolve) => thread.once("online", resolve));
      }
      console.log(arenas() - first);
      process.exit();
    })();`;
  const made = async (before: string): Promise<number> =>
    Number((await run(process.execPath, ["-e", program(before)])).stdout);

  it("are no more than they may be", async () => {
    assert.ok((await made("addon.limitArenas(2)")) <= 1);
    assert.throws(() => loadAddon().limitArenas(0), /a positive integer/);
  });

  it("are one for each thread otherwise, up to eight for each processor", async (test) => {
    const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header;
    if (glibcVersionRuntime === undefined) return test.skip("another C library");
    assert.ok((await made("")) >= 3);
  });
});

describe("a heap that has grown", () => {
  const { collectWhenGrown } = loadAddon();

  /** Objects that outlive a collection of the young ones, and then nobody has. */
  function litter(): void {
    let kept: object[] = [];
    for (let i = 0; i < 400_000; i++) kept.push({ number: i, text: `${i}` });
    kept = [];
  }

  it("is collected, and not again until it has grown once more", async () => {
    litter();
    const before = getHeapStatistics().used_heap_size;
    const marked = collectWhenGrown(mib, 0);
    const deadline = performance.now() + 20_000;
    while (getHeapStatistics().used_heap_size > before - 10 * mib) {
      assert.ok(performance.now() < deadline, "nothing was collected");
      await sleep(20);
    }
    const after = collectWhenGrown(1000 * mib, marked);
    assert.ok(after < marked, `${after} of ${marked} bytes are left`);
    assert.equal(collectWhenGrown(1000 * mib, after - mib), after - mib);
    assert.throws(() => Reflect.apply(collectWhenGrown, undefined, [1]), TypeError);
  });

  it("is collected before a thread is ready, unless somebody waits for it", async () => {
    const idle = new IdleCollection(() => {});
    const { collections } = loadAddon();
    const before = collections();
    await idle.collected(() => true);
    assert.equal(collections(), before);
    litter();
    await idle.collected(() => false);
    assert.ok(collections() > before);
  });
});
