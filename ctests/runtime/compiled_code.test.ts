// What V8 has compiled is kept for later processes, and files that cannot be used.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { loadAddon, type SnapshotPlace } from "../../runtime/addon.ts";
import { layout, realmWasm } from "../../runtime/layout.ts";
import { v8Arguments } from "../../runtime/v8_flags.mjs";
import { packScripts } from "../../runtime/worker/compiled_scripts.ts";

const run = promisify(execFile);
const program = path.join(import.meta.dirname, "lib", "compiled_worker.mjs");
const entry = `
from js import Response

def on_fetch(request):
    return Response.new(str(sum(range(1000))))
`;
/** Whether the SDK's modules were compiled before. */
const sdkEntry = `
import os
import workers

def on_fetch(request):
    return workers.Response(str(os.path.exists(workers.__spec__.cached)))
`;

interface Outcome {
  readonly logs: readonly string[];
  readonly answer: string;
  readonly places: { readonly code: SnapshotPlace; readonly scripts: SnapshotPlace };
  readonly isUsed: boolean;
}

let root: string;
let places: Outcome["places"];

const environment = (more = {}) => ({
  ...process.env,
  NODE_OPTIONS: "",
  XDG_CACHE_HOME: path.join(root, "cache"),
  ...more,
});

async function started(worker: string, waits: boolean, flags: readonly string[], env: NodeJS.ProcessEnv) {
  const command = [...flags, program, path.join(root, worker), ...(waits ? ["wait"] : [])];
  return JSON.parse((await run(process.execPath, command, { env })).stdout) as Outcome;
}

async function outcome(more: { [name: string]: string } = {}, waits = false, flags = v8Arguments): Promise<Outcome> {
  const result = await started("worker", waits, flags, environment(more));
  assert.equal(result.answer, "499500");
  return result;
}

before(async () => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "blockon-compiled-"));
  fs.mkdirSync(path.join(root, "worker"));
  fs.writeFileSync(path.join(root, "worker", "entry.py"), entry);
  fs.mkdirSync(path.join(root, "sdk"));
  fs.writeFileSync(path.join(root, "sdk", "entry.py"), sdkEntry);
  const before = await started("sdk", false, v8Arguments, environment({ BLOCKON_SNAPSHOTS: "off" }));
  assert.equal(before.answer, "False");
  const made = await outcome({}, true);
  assert.deepEqual([made.logs, made.isUsed], [[], false]);
  ({ places } = made);
});
after(() => fs.rmSync(root, { recursive: true, force: true }));

const cannotBeUsed = (file: string, why: string): string[] => [
  `warn: the compiled code ${file} cannot be used: ${why}; making it anew`,
];

describe("what V8 has compiled", () => {
  it("is kept by the first process that runs a Worker, and used by later ones", async () => {
    const names = fs.readdirSync(path.dirname(places.code.file)).map((name) => path.extname(name));
    assert.deepEqual(names.sort(), [".code", ".image", ".scripts"]);
    for (const { file } of [places.code, places.scripts]) assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    const { logs, isUsed } = await outcome();
    assert.deepEqual([logs, isUsed], [[], true]);
  });

  it("is that of a module whose bytes V8 has got before", async () => {
    const text = `
      const addon = require(process.argv[1]);
      const [wasm, place] = JSON.parse(process.argv[2]);
      const load = (fed) => {
        if (fed !== undefined) addon.feedCode(fed);
        return addon.loadCode(wasm, place);
      };
      addon.feedCode("/nowhere.wasm");
      const outcomes = [addon.loadCode("/nowhere.wasm", place), load("/nowhere.wasm"), load(wasm), load()];
      addon.dropHanded();
      process.stdout.write(JSON.stringify(outcomes));
    `;
    const given = [layout.addon, JSON.stringify([path.join(layout.distribution, realmWasm), places.code])];
    const { stdout } = await run(process.execPath, [...v8Arguments, "-e", text, ...given]);
    assert.deepEqual(JSON.parse(stdout), ["No such file or directory", null, null, null]);
  });

  it("is left alone where snapshots are off, and where Node has other flags", async () => {
    for (const [more, flags] of [
      [{ BLOCKON_SNAPSHOTS: "off" }, v8Arguments],
      [{ NODE_OPTIONS: "--max-old-space-size=500" }, v8Arguments],
      [{}, [...v8Arguments, "--no-wasm-bounds-checks"]],
      [{}, v8Arguments.slice(1)],
    ] as const) {
      const { logs, isUsed } = await outcome(more, false, flags);
      assert.deepEqual([logs, isUsed], [[], false]);
    }
  });

  it("is refused with the reason when a file is damaged, truncated or foreign, and the Worker starts", async () => {
    const { code, scripts } = places;
    const [wholeCode, wholeScripts] = [code, scripts].map(({ file }) => fs.readFileSync(file)) as [Buffer, Buffer];
    const flipped = (bytes: Buffer, place: number): Buffer => {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(damaged.readUInt8(place) ^ 1, place);
      return damaged;
    };
    for (const [{ file }, whole, other] of [
      [code, wholeCode, wholeScripts],
      [scripts, wholeScripts, wholeCode],
    ] as const) {
      for (const [bytes, why] of [
        [flipped(whole, whole.length >> 1), "it is damaged"],
        [flipped(whole, 80), "its header is damaged"],
        [whole.subarray(0, 1000), "it is truncated"],
        [Buffer.alloc(0), "it is truncated"],
        [other, "it was made for another build, version or machine"],
        [Buffer.from("x".repeat(10_000)), "it is no file of this version"],
      ] as const) {
        fs.writeFileSync(file, bytes);
        const { logs, isUsed } = await outcome();
        assert.deepEqual([logs, isUsed], [cannotBeUsed(file, why), false]);
      }
      fs.writeFileSync(file, whole);
    }
    assert.equal((await outcome()).isUsed, true);
  });

  it("is refused where V8 does not take it, and the Worker starts", async () => {
    const { code, scripts } = places;
    const addon = loadAddon();
    for (const bytes of [new Uint8Array(0), new Uint8Array(5000)]) {
      assert.equal(addon.writeKept(code, bytes), null);
      const { logs } = await outcome();
      const why = "V8 does not take it: it is of another version of V8, other flags or another processor";
      assert.deepEqual(logs, cannotBeUsed(code.file, why));
    }
    const whole = fs.readFileSync(scripts.file);
    const isMade = await outcome({}, true);
    assert.equal(isMade.logs.length, 1);
    assert.equal(addon.writeKept(scripts, packScripts(new Map([["10-console.js", Buffer.alloc(500)]]))), null);
    const { logs, isUsed } = await outcome();
    assert.deepEqual(logs, [`warn: V8 does not take the compiled scripts ${scripts.file}, and compiles 10-console.js`]);
    assert.equal(isUsed, true);
    fs.writeFileSync(scripts.file, whole);
  });

  it("is made anew after it was refused, though a maker was killed", async () => {
    const { file } = places.code;
    // What the first maker made when it had to make all else, too.
    const { length } = fs.readFileSync(file);
    fs.writeFileSync(file, "");
    fs.writeFileSync(`${file}.lock`, "4194304");
    const { logs } = await outcome({}, true);
    assert.deepEqual(logs, cannotBeUsed(file, "it is truncated"));
    assert.ok(
      Math.abs(fs.statSync(file).size - length) < length / 5,
      `${length}, then ${fs.statSync(file).size} bytes`,
    );
    assert.equal((await outcome()).isUsed, true);
  });

  it("has the modules of Cloudflare's SDK", async () => {
    const { logs, answer, isUsed } = await started("sdk", false, v8Arguments, environment());
    assert.deepEqual([logs, answer, isUsed], [[], "True", true]);
  });
});
