// An artifact that is served and deployed, and each way in which one cannot be.
import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { type Manifest, manifestText, readManifest } from "../../runtime/pack/manifest.ts";
import { ControlFolder } from "./lib/control_folder.ts";
import { Packing } from "./lib/packing.ts";
import { blockon, ServeProcess, serveUntilExit } from "./lib/serve_process.ts";
import { warmedCache } from "./lib/warmed_cache.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import json
import thing
from js import Response
from pyodide.ffi import run_sync

def on_fetch(request, env):
    count = int(run_sync(env.KV.get("count")) or 0)
    run_sync(env.KV.put("count", str(count + 1)))
    return Response.new(json.dumps([thing.value, thing.__spec__.cached, getattr(env, "SECRET", None), count]))
`;
const cached = "/session/metadata/python_modules/thing/__pycache__/__init__.cpython-314.pyc";

describe("an artifact", () => {
  let packing: Packing;
  const root = mkdtempSync(path.join(os.tmpdir(), "blockon-artifacts-"));
  const packed = path.join(root, "packed");
  const artifact = path.join(root, "served");
  let folder: WorkerFolder;
  before(async () => {
    packing = await Packing.begin();
    folder = workerFolder(
      entry,
      [],
      '[[kv_namespaces]]\nbinding = "KV"\nid = "one"\n[env.staging]\nvars = { A = 1 }\n[[env.staging.kv_namespaces]]\nbinding = "KV"\nid = "one"\n',
    );
    folder.write(".dev.vars", "SECRET=of-development\n");
    folder.write(
      "python_modules/thing/__init__.py",
      "from pathlib import Path\nvalue = Path(__file__).with_name('data.txt').read_text()\n",
    );
    folder.write("python_modules/thing/data.txt", "data");
    const { code, stderr } = await packing.pack(folder.path, "--out", packed);
    assert.equal(code, 0, stderr);
  });
  after(() => {
    folder.remove();
    packing.remove();
    rmSync(root, { recursive: true });
  });
  beforeEach(() => {
    for (const name of [artifact, `${artifact}.state`, `${artifact}.secrets`])
      rmSync(name, { recursive: true, force: true });
    cpSync(packed, artifact, { recursive: true });
  });

  const answer = async (server: ServeProcess): Promise<unknown> => (await server.get()).json();

  it("is served without what it was made of, and keeps state and secrets beside it", async () => {
    mkdirSync(`${artifact}.secrets`);
    writeFileSync(path.join(`${artifact}.secrets`, ".dev.vars"), "SECRET=of-the-server\n");
    // Neither a package index, nor pip, nor Python.
    const env = { ...packing.env, PIP_INDEX_URL: "http://127.0.0.1:9/", BLOCKON_PYTHON: "/nowhere/python3" };
    const server = await ServeProcess.start(artifact, blockon, env);
    try {
      assert.deepEqual(await answer(server), ["data", cached, "of-the-server", 0]);
    } finally {
      assert.equal(await server.stop(), 0);
    }
    assert.ok(existsSync(`${artifact}.state`));
    // Another one takes its place.
    rmSync(artifact, { recursive: true });
    cpSync(packed, artifact, { recursive: true });
    const again = await ServeProcess.start(artifact, blockon, env);
    try {
      assert.deepEqual(await answer(again), ["data", cached, "of-the-server", 1]);
    } finally {
      await again.stop();
    }
  });

  /** What a Worker says of its start, on a machine whose cache has no snapshot. */
  const startOf = async (name: string): Promise<{ restored: unknown; cache: readonly string[]; log: string }> => {
    const cache = await warmedCache(["compiled", "bytecode"], root);
    const env = { ...packing.env, XDG_CACHE_HOME: cache, TZ: "UTC" };
    const server = await ServeProcess.start(name, blockon, env);
    try {
      const restored = await answer(server);
      const snapshots = path.join(cache, "blockon", "snapshots");
      return {
        restored,
        cache: existsSync(snapshots) ? readdirSync(snapshots) : [],
        log: server.log.map(({ msg }) => msg).join("\n"),
      };
    } finally {
      await server.stop();
    }
  };

  describe("with a snapshot", () => {
    const own = path.join(root, "own");
    before(async () => {
      const top = `
import sys, random
from js import Response
from pyodide.ffi import to_js
RNG = random.Random()
print("the top level runs")
def on_fetch(request, env):
    import json
    return Response.new(json.dumps(["blockon._snapshot_worker" in sys.modules, RNG.random(), getattr(env, "SECRET", None)]))
`;
      const folder = workerFolder(top, [], "");
      const { code, stderr } = await packing.pack(folder.path, "--out", own);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /the top level runs/);
      folder.remove();
    });
    const served = path.join(root, "with-snapshot");
    beforeEach(() => {
      rmSync(served, { recursive: true, force: true });
      rmSync(`${served}.secrets`, { recursive: true, force: true });
      cpSync(own, served, { recursive: true });
    });

    it("begins with it, without a baseline, and has randomness and secrets of its own", async () => {
      mkdirSync(`${served}.secrets`);
      writeFileSync(path.join(`${served}.secrets`, ".dev.vars"), "SECRET=of-the-server\n");
      const [one, two] = [await startOf(served), await startOf(served)];
      const [first, second] = [one.restored, two.restored] as [unknown[], unknown[]];
      assert.deepEqual([first[0], first[2]], [true, "of-the-server"]);
      assert.notEqual(first[1], second[1]);
      assert.ok(!one.cache.some((name) => name.endsWith(".image")), one.cache.join());
      assert.doesNotMatch(one.log, /the top level runs|snapshot/);
    });

    it("begins without it, and says why, where it is for something else", async () => {
      const manifest = readManifest(served);
      const forged = { ...manifest, snapshot: "0".repeat(64), runtime: { ...manifest.runtime, v8: "1.2.3" } };
      writeFileSync(path.join(served, "blockon-artifact.json"), manifestText(forged));
      const { restored, log } = await startOf(served);
      assert.equal((restored as unknown[])[0], false);
      assert.match(
        log,
        /worker\.snapshot: the Worker starts without the snapshot that was packed: it is of v8 1\.2\.3, and not /,
      );
      assert.match(log, /the top level runs/);
    });
  });

  it("is deployed", async () => {
    const control = new ControlFolder();
    const deployments = path.join(root, "deployments");
    const server = await ServeProcess.start(`--deployments=${deployments}`, blockon, control.env);
    try {
      const { code, stdout, stderr } = await control.run("deploy", artifact);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, /serves version 1 of test\n$/);
      assert.deepEqual(await answer(server), ["data", cached, null, 0]);
      truncateSync(path.join(artifact, "packages.image"), 200);
      const refused = await control.run("deploy", artifact);
      assert.equal(refused.code, 1);
      assert.match(
        refused.stderr,
        /has deployed nothing: .*packages\.image: this artifact cannot be used: the file is truncated/,
      );
      assert.deepEqual(await answer(server), ["data", cached, null, 1]);
    } finally {
      await server.stop();
      control.remove();
    }
    const again = await ServeProcess.start(`--deployments=${deployments}`, blockon, control.env);
    try {
      assert.deepEqual(await answer(again), ["data", cached, null, 2]);
    } finally {
      await again.stop();
    }
  });

  it("is none of a Worker's folders for other commands", async () => {
    const { code, stderr } = await packing.pack(artifact);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /blockon: .*: this is an artifact of blockon pack, which blockon serve and blockon deploy take\./,
    );
  });

  const file = (name: string): string => path.join(artifact, name);
  const change = (name: string, at: number): void => {
    const bytes = readFileSync(file(name));
    const place = at < 0 ? bytes.length + at : at;
    bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
    writeFileSync(file(name), bytes);
  };
  const forge = (edit: (manifest: Manifest) => Manifest): void => {
    writeFileSync(file("blockon-artifact.json"), manifestText(edit(readManifest(artifact))));
  };
  const refusals: [what: string, damage: () => void, message: RegExp, ...flags: string[]][] = [
    [
      "a manifest that is no JSON",
      () => truncateSync(file("blockon-artifact.json"), 100),
      /blockon-artifact\.json: .* its manifest is damaged or truncated/,
    ],
    [
      "a manifest that was changed",
      () =>
        writeFileSync(
          file("blockon-artifact.json"),
          readFileSync(file("blockon-artifact.json"), "utf8").replace('"test"', '"other"'),
        ),
      /its manifest is damaged/,
    ],
    [
      "a manifest of another format",
      () => writeFileSync(file("blockon-artifact.json"), '{"format": 99}'),
      /it is of the format 99, and this blockon knows 2/,
    ],
    ["an empty manifest", () => writeFileSync(file("blockon-artifact.json"), "null"), /its manifest is damaged/],
    ["a part that is missing", () => rmSync(file("packages.image")), /packages\.image: .*the file is missing/],
    [
      "an image that is truncated",
      () => truncateSync(file("packages.image"), 50),
      /packages\.image: .*the file is truncated \(50 bytes, not \d+\)/,
    ],
    [
      "a snapshot that is truncated",
      () => truncateSync(file("worker.snapshot"), 5000),
      /worker\.snapshot: .*the file is truncated \(5000 bytes, not \d+\)/,
    ],
    ["a snapshot whose pages are damaged", () => change("worker.snapshot", -1), /worker\.snapshot: .*it is damaged/],
    ["a snapshot whose head is damaged", () => change("worker.snapshot", 20), /worker\.snapshot: .*header is damaged/],
    ["a snapshot that is missing", () => rmSync(file("worker.snapshot")), /worker\.snapshot: .*the file is missing/],
    [
      "a snapshot of another Worker that fits its manifest by its size alone",
      () => {
        const bytes = readFileSync(file("worker.snapshot"));
        bytes.fill(0x31, 0, 4096);
        writeFileSync(file("worker.snapshot"), bytes);
      },
      /worker\.snapshot: .*it is no memory image/,
    ],
    ["an image whose end is damaged", () => change("packages.image", -1), /packages\.image: .*it is damaged/],
    ["an image whose head is damaged", () => change("packages.image", 20), /packages\.image: .*its header is damaged/],
    [
      "an image of other packages",
      () => forge((manifest) => ({ ...manifest, image: "0".repeat(64) })),
      /packages\.image: .*it was made for another/,
    ],
    [
      "a file of the Worker's that was changed",
      () => change("worker/src/entry.py", 3),
      /worker\/src\/entry\.py: .*is damaged, or was changed since/,
    ],
    [
      "a file that was not packed",
      () => writeFileSync(file("worker/more.py"), ""),
      /worker\/more\.py: .*the file is none that was packed/,
    ],
    [
      "a folder in place of a file",
      () => {
        rmSync(file("packages.image"));
        mkdirSync(file("packages.image"));
      },
      /packages\.image: .*the file is missing/,
    ],
    [
      "another Pyodide",
      () =>
        forge((manifest) => ({ ...manifest, runtime: { ...manifest.runtime, pyodide: "999.0.0", python: "3.99" } })),
      /was packed for Python 3\.99 \(Pyodide 999\.0\.0\), and its Worker runs on Python 3\.14/,
    ],
    [
      "another environment",
      () => {},
      /was packed for no environment, and the environment staging is asked for/,
      "--env",
      "staging",
    ],
    [
      "a manifest alone",
      () => {
        renameSync(file("blockon-artifact.json"), `${artifact}.json`);
        rmSync(artifact, { recursive: true });
        mkdirSync(artifact);
        renameSync(`${artifact}.json`, file("blockon-artifact.json"));
      },
      /the file is missing/,
    ],
  ];
  for (const [what, damage, message, ...flags] of refusals) {
    it(`is refused with ${what}`, async () => {
      damage();
      const { code, stderr } = await serveUntilExit(artifact, "--port", "0", ...flags);
      assert.equal(code, 1, stderr);
      assert.match(stderr, message);
      assert.match(stderr, /^blockon: [^\n]*Pack the Worker again|pack the Worker again/i);
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    });
  }
});
