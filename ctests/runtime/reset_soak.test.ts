// Resets under load: an interpreter to which requests do random things, and several that are full of secrets at the same time.
//
// BLOCKON_SOAK has the number of requests, 100 if not given, and BLOCKON_SOAK_SEED what they do.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const requests = Number(process.env.BLOCKON_SOAK ?? 100);
const seed = process.env.BLOCKON_SOAK_SEED ?? randomBytes(4).toString("hex");
/** An interpreter that has been reset so often is replaced. */
const mostResets = 10_000;

const entry = "import random_dirt\n\ndef on_fetch(request, env):\n    return random_dirt.answer(request, env)\n";

function makeFolder(most: number): WorkerFolder {
  const settings = `[vars]\nOWN = "own"\n[blockon]\nisolation = "request"\nreset_instances = true\nready_instances = ${most}\nmax_instances = ${most}\n`;
  const folder = workerFolder(entry, [], settings);
  for (const name of ["dirty_request.py", "random_dirt.py"]) {
    folder.write(name, readFileSync(path.join(import.meta.dirname, "lib", name), "utf8"));
  }
  return folder;
}

async function ask(server: ServeProcess, what: string, body?: string): Promise<unknown> {
  const response = await server.get(`/${what}`, body === undefined ? undefined : { method: "POST", body });
  const text = await response.text();
  assert.equal(
    response.status,
    200,
    `${what}: ${text}\n${server.log
      .slice(-20)
      .map(({ msg }) => msg)
      .join("\n")}`,
  );
  return JSON.parse(text);
}

const linesOf = (server: ServeProcess, begin: string): string[] =>
  server.log.map(({ msg }) => msg).filter((line) => line.startsWith(begin));

it(`an interpreter's whole memory is the same after each of ${requests} requests that do what they like, seed ${seed}`, async () => {
  assert.ok(requests < mostResets, "BLOCKON_SOAK is more than what one interpreter is reset for");
  const folder = makeFolder(1);
  const server = await ServeProcess.start(folder.path, undefined, { ...process.env, BLOCKON_TRACE: "resets" });
  try {
    const clean = await ask(server, "facts");
    const numbers: unknown[] = [];
    let last = "";
    for (let i = 0; i < requests; i++) {
      const [done, taken] = (await ask(server, `dirty-${seed}-${i}`)) as [string, unknown[]];
      numbers.push(...taken);
      assert.deepEqual(linesOf(server, "an interpreter was not reset"), [], `after ${last} or ${done}`);
      if (i % 20 === 19) assert.deepEqual(await ask(server, "facts"), clean, `after ${done}`);
      last = done;
    }
    assert.equal(new Set(numbers).size, 3 * requests);
    const images = linesOf(server, "blockon: ").map(
      (line) => /^blockon: (?:checkpoint|reset): (\d+ bytes [0-9a-f]{8}, )\d+ more; /.exec(line)?.[1] ?? line,
    );
    // The last is under way still.
    assert.ok(images.length >= requests, `${images.length} lines`);
    assert.deepEqual([...new Set(images)], images.slice(0, 1));
  } finally {
    assert.equal(await server.stop(), 0);
    folder.remove();
  }
});

it("no byte of a request's is seen by another, with several at the same time", async () => {
  const most = 3;
  const folder = makeFolder(most);
  const server = await ServeProcess.start(folder.path);
  try {
    const secrets: string[][] = [];
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 4; i++) {
        const now = Array.from({ length: most }, () => [0, 1].map(() => randomBytes(12).toString("hex")));
        secrets.push(...now);
        await Promise.all(now.map((halves) => ask(server, `fill-${halves.join(".")}`)));
      }
      // Whoever looks has all secrets in halves, and others' memory is full of whole ones meanwhile.
      const own = Array.from({ length: most - 1 }, () => [0, 1].map(() => randomBytes(12).toString("hex")));
      const all = [...secrets.slice(-4 * most), ...own];
      const looking = ask(server, "count", JSON.stringify(all));
      const [found] = (await Promise.all([
        looking,
        ...own.map((halves) => ask(server, `fill-${halves.join(".")}`)),
      ])) as [[size: number, count: number][]];
      assert.equal(found.length, all.length);
      for (const [size, count] of found) {
        assert.ok(size > 16 << 20, `${size}`);
        assert.equal(count, 0);
      }
    }
  } finally {
    assert.equal(await server.stop(), 0);
    folder.remove();
  }
});
