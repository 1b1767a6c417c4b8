// The snapshot that every Worker's interpreter begins with: what two of them share and what not, and files that cannot be used.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const program = path.join(import.meta.dirname, "lib", "snapshot_workers.mjs");

const entry = `
import sys
restored = "blockon._snapshot" in sys.modules

import graphlib, json, logging, os, random, secrets, tempfile, time, uuid
from pyodide.ffi import to_js
from js import Response

def on_fetch(request):
    with tempfile.NamedTemporaryFile() as file:
        name = file.name
    own = random.Random()
    generators = [random.random(), random.choice(range(10**9)), own.random()]
    return Response.new(json.dumps({
        "restored": restored,
        "random": [*generators, str(uuid.uuid1()), str(uuid.uuid4()), secrets.token_hex(), os.urandom(16).hex(), name],
        "hash": hash("a text"),
        "who": os.environ["WHO"],
        "home": os.path.expanduser("~"),
        "path": [each for each in sys.path if each == ""],
        "started": time.time() - logging._startTime / 1e9 < 60,
        "offset": time.timezone,
        "own": getattr(graphlib, "own", None),
    }))
`;

interface Answer {
  readonly restored: boolean;
  readonly random: readonly (number | string)[];
  readonly [name: string]: unknown;
}
interface Outcome {
  readonly logs: readonly string[];
  readonly answers: readonly [Answer, Answer];
}

let root: string;
before(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "blockon-snapshots-"));
  fs.mkdirSync(path.join(root, "worker"));
  fs.writeFileSync(path.join(root, "worker", "entry.py"), entry);
});
after(() => fs.rmSync(root, { recursive: true, force: true }));

const cache = (name: string): string => path.join(root, name);
const environment = (name: string, more = {}) => ({ ...process.env, XDG_CACHE_HOME: cache(name), ...more });
const images = (name: string): string[] => {
  const folder = path.join(cache(name), "blockon", "snapshots");
  return fs.readdirSync(folder).map((file) => path.join(folder, file));
};
const theImage = (name: string): string => {
  const [file, ...others] = images(name);
  assert.ok(file !== undefined && others.length === 0, `${images(name)}`);
  return file;
};
async function outcome(name: string, more = {}, ...args: string[]): Promise<Outcome> {
  const command = [program, path.join(root, "worker"), ...args];
  return JSON.parse((await run(process.execPath, command, { env: environment(name, more) })).stdout);
}
const restored = ({ answers }: Outcome): readonly boolean[] => answers.map((each) => each.restored);

describe("the baseline snapshot", () => {
  it("is made once, and Workers that begin with it share no randomness, names, variables or times", async () => {
    const made = await outcome("cache");
    assert.deepEqual(made.logs, []);
    assert.deepEqual(restored(made), [true, true]);
    const inode = fs.statSync(theImage("cache")).ino;
    const found = await outcome("cache");
    assert.deepEqual(restored(found), [true, true]);
    assert.equal(fs.statSync(theImage("cache")).ino, inode);
    const all = [...made.answers, ...found.answers];
    const random = all.flatMap((answer) => answer.random);
    assert.equal(random.length, 4 * 8);
    assert.equal(new Set(random).size, random.length, `${random}`);
    assert.deepEqual(
      all.map((answer) => answer.who),
      ["one", "two", "one", "two"],
    );
    // The one thing that they do share, as docs/snapshots.md says.
    assert.equal(new Set(all.map((answer) => answer.hash)).size, 1);
    for (const { home, path: empty, started, own } of all) {
      assert.deepEqual({ home, empty, started, own }, { home: "/session", empty: [""], started: true, own: null });
    }
  });

  it("is not taken for an interpreter whose own start is to be otherwise, or where it is switched off", async () => {
    for (const more of [{ HASH_SEED: "1" }, { BLOCKON_SNAPSHOTS: "off" }]) {
      assert.deepEqual(restored(await outcome("cache", more)), [false, false]);
    }
  });

  it("is another in another time zone", async () => {
    for (const [TZ, hours] of [
      ["Etc/GMT-3", -3],
      ["Etc/GMT+5", 5],
    ]) {
      const { answers } = await outcome("zones", { TZ });
      for (const answer of answers) assert.deepEqual([answer.restored, answer.offset], [true, Number(hours) * 3600]);
    }
    assert.equal(images("zones").length, 2);
  });

  it("is another where nothing may suspend", async () => {
    assert.deepEqual(restored(await outcome("gates")), [true, true]);
    assert.deepEqual(restored(await outcome("gates", {}, "off")), [true, true]);
    assert.equal(images("gates").length, 2);
  });

  it("leaves a Worker its own modules, though the standard library has one of that name", async () => {
    fs.writeFileSync(path.join(root, "worker", "graphlib.py"), "own = 'mine'\n");
    const { answers } = await outcome("cache");
    assert.deepEqual(
      answers.map((answer) => [answer.restored, answer.own]),
      [
        [true, "mine"],
        [true, "mine"],
      ],
    );
    fs.rmSync(path.join(root, "worker", "graphlib.py"));
  });

  it("is refused with the reason and made anew when its file is damaged, truncated or foreign", async () => {
    const file = theImage("cache");
    const whole = fs.readFileSync(file);
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(whole.length / 2) ^ 1, whole.length / 2);
    const foreign = fs.readFileSync(images("gates").find((each) => path.basename(each) !== path.basename(file)) ?? "");
    for (const [bytes, reason] of [
      [damaged, "it is damaged"],
      [whole.subarray(0, 100_000), "it is truncated"],
      [Buffer.alloc(0), "it is truncated"],
      [foreign, "it was made for another build, version or machine"],
      [Buffer.from("x".repeat(10_000)), "it is no memory image of this version"],
    ] as const) {
      fs.writeFileSync(file, bytes);
      const { logs, ...rest } = await outcome("cache");
      assert.deepEqual(logs, [`warn: the snapshot ${file} cannot be used: ${reason}; making it anew`]);
      assert.deepEqual(restored({ logs, ...rest }), [true, true]);
      assert.equal(fs.readFileSync(file).subarray(0, 72).toString(), whole.subarray(0, 72).toString());
    }
  });

  it("is done without where it cannot be written", async () => {
    fs.writeFileSync(cache("no-folder"), "");
    const { logs, ...rest } = await outcome("no-folder");
    assert.equal(logs.length, 1);
    assert.match(logs[0] ?? "", /^warn: starting without a snapshot of Python: EEXIST: /);
    assert.deepEqual(restored({ logs, ...rest }), [false, false]);
  });

  it("is whole or not there when its maker is killed while it writes", async () => {
    const folder = path.join(cache("killed"), "blockon", "snapshots");
    fs.mkdirSync(folder, { recursive: true });
    const maker = spawn(process.execPath, [program, path.join(root, "worker")], {
      env: environment("killed"),
      stdio: "ignore",
    });
    while (fs.readdirSync(folder).length === 0) await sleep(1);
    maker.kill("SIGKILL");
    await once(maker, "exit");
    const { logs, ...rest } = await outcome("killed");
    assert.deepEqual(logs, []);
    assert.deepEqual(restored({ logs, ...rest }), [true, true]);
    assert.ok(images("killed").some((file) => file.endsWith(".image")));
  });
});
