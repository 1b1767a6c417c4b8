// blockon pack: what an artifact holds, that it is the same each time, and what cannot be packed.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { readManifest } from "../../runtime/pack/manifest.ts";
import { contentsOf, Packing } from "./lib/packing.ts";
import { wheel } from "./lib/wheel.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import json
import thing
from helpers import text
from js import Response

try:
    import not_there
except ImportError:
    not_there = None

def on_fetch(request):
    return Response.new(json.dumps([thing.version, text.value]))
`;

describe("blockon pack", () => {
  let packing: Packing;
  const folders: WorkerFolder[] = [];
  before(async () => {
    packing = await Packing.begin();
  });
  after(() => {
    packing.remove();
    for (const folder of folders) folder.remove();
  });

  const worker = (text = entry, toml = "", flags: readonly string[] = []): WorkerFolder => {
    const folder = workerFolder(text, flags, toml);
    folders.push(folder);
    return folder;
  };
  /** With packages that are installed from a wheel beside it. */
  const whole = (): WorkerFolder => {
    const folder = worker();
    // Written before the file's bytes: a string would change them.
    const made = wheel("thing", "1.5", {
      files: {
        "deep/er/__init__.py": "names = {'a', 'b', 'c', 'd'}\ndef f(x): return x in {'one', 'two', 'three'}\n",
        "deep/data.txt": "data",
      },
    });
    mkdirSync(path.join(folder.path, ".wheels"));
    writeFileSync(path.join(folder.path, ".wheels", made.name), made.bytes);
    folder.write("requirements.txt", `./.wheels/${made.name}\n`);
    folder.write("helpers/__init__.py", "");
    folder.write("helpers/text.py", "value = 'own'\n");
    folder.write(".dev.vars", "SECRET=known-to-nobody\n");
    folder.write(".env", "SECRET=known-to-nobody\n");
    folder.write("tests/test_entry.py", "import module_of_tests\n");
    return folder;
  };

  it("makes an artifact of a Worker, its packages and its lock, and says what each package comes to", async () => {
    const folder = whole();
    const { code, stdout, stderr } = await packing.pack(folder.path);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^test is packed: .*\/\.blockon\/artifact, [\d,]+ bytes in \d+ files, after \d+\.\d s\n/);
    assert.match(stdout, /^PACKAGE +VERSION +FILES +BYTES +BYTECODE\nthing +1\.5 +\d+ +[\d,]+ +[\d,]+\nall /m);
    assert.match(stderr, /^resolving packages \.\.\. \d+\.\d s$/m);
    assert.match(stderr, /^running its top level \.\.\. \d+\.\d s$/m);
    assert.doesNotMatch(stderr, /warning/);
    const artifact = path.join(folder.path, ".blockon", "artifact");
    const names = readdirSync(artifact, { recursive: true, encoding: "utf8" }).sort();
    assert.deepEqual(names, [
      "blockon-artifact.json",
      "packages.image",
      "pylock.blockon.toml",
      "worker",
      "worker.snapshot",
      "worker/helpers",
      "worker/helpers/__init__.py",
      "worker/helpers/text.py",
      "worker/src",
      "worker/src/entry.py",
      "worker/tests",
      "worker/tests/test_entry.py",
      "worker/wrangler.toml",
    ]);
    for (const name of names) {
      const file = path.join(artifact, name);
      if (!name.includes(".")) continue;
      const text = readFileSync(file, "latin1");
      assert.ok(!text.includes("known-to-nobody"), `${name} has a secret`);
      // Python's memory has the names of folders for temporary files.
      const ofMachine = name === "worker.snapshot" ? folder.path : os.tmpdir();
      assert.ok(!text.includes(ofMachine), `${name} has a path of this machine`);
    }
    const manifest = readManifest(artifact);
    assert.deepEqual(Object.keys(manifest.parts).length, 8);
    assert.match(manifest.snapshot ?? "", /^[0-9a-f]{64}$/);
    assert.equal(manifest.worker.name, "test");
    assert.equal(manifest.worker.compatibilityDate, "2026-10-01");
    assert.match(manifest.blockon.build, /^[0-9a-f]{64}$/);
    assert.equal(manifest.runtime.v8, process.versions.v8);
    const [thing] = manifest.packages;
    assert.ok(thing !== undefined && thing.bytecode > 0 && thing.bytes > 0);
  });

  it("makes the same of the same, byte for byte, in another folder and with another cache", async () => {
    const other = await Packing.begin(["compiled"]);
    const out = mkdtempSync(path.join(os.tmpdir(), "blockon-artifacts-"));
    try {
      const [one, two] = [whole(), whole()];
      const [first, second] = [path.join(out, "one"), path.join(out, "elsewhere", "two")];
      for (const [using, folder, target] of [
        [packing, one, first],
        [other, two, second],
      ] as const) {
        const { code, stderr } = await using.pack(folder.path, "--out", target);
        assert.equal(code, 0, stderr);
      }
      const [found, again] = [contentsOf(first), contentsOf(second)];
      assert.deepEqual(Object.keys(found), Object.keys(again));
      for (const [name, text] of Object.entries(found)) assert.ok(text === again[name], `${name} is another`);
      // In place of the former one.
      assert.equal((await packing.pack(one.path, "--out", first)).code, 0);
      assert.deepEqual(contentsOf(first), again);
      assert.deepEqual(readdirSync(out).sort(), ["elsewhere", "one"]);
    } finally {
      other.remove();
      rmSync(out, { recursive: true });
    }
  });

  it("makes another snapshot by a seed that nobody else knows, and none where it is not wanted", async () => {
    const folder = worker("from js import Response\nname = {'one', 'two'}\ndef on_fetch(request): ...\n");
    const out = path.join(folder.path, "out");
    const packed = async (...args: string[]): Promise<Buffer | undefined> => {
      const { code, stderr } = await packing.pack(folder.path, "--out", out, ...args);
      assert.equal(code, 0, stderr);
      const file = path.join(out, "worker.snapshot");
      assert.equal(readManifest(out).snapshot !== null, existsSync(file));
      return existsSync(file) ? readFileSync(file) : undefined;
    };
    const seed = path.join(folder.path, ".seed");
    writeFileSync(seed, "a secret");
    const [usual, seeded, again] = [
      await packed(),
      await packed("--seed-file", seed),
      await packed("--seed-file", seed),
    ];
    assert.ok(usual !== undefined && seeded !== undefined && again !== undefined);
    assert.ok(seeded.equals(again));
    assert.ok(!seeded.equals(usual));
    assert.equal(await packed("--no-snapshot"), undefined);
    const { code, stderr } = await packing.pack(folder.path, "--seed-file", path.join(folder.path, "none"));
    assert.equal(code, 1);
    assert.match(stderr, /^blockon: .*\/none: the seed cannot be read: ENOENT/m);
  });

  const asking: [what: string, top: string, said: RegExp][] = [
    [
      "a name",
      "from workers import env\nkey = getattr(env, 'API_KEY', None)",
      /env\.API_KEY, .* a secret is not packed/,
    ],
    [
      "all names",
      "import js\nfrom workers import import_from_javascript\nnames = js.Object.keys(import_from_javascript('cloudflare:workers').env)",
      /all names of env/,
    ],
    ["a name of our API's", "from blockon import env\nkey = env.get('API_KEY')", /all names of env/],
  ];
  for (const [what, top, said] of asking) {
    it(`has no snapshot where the top level asks its bindings for ${what} that may be a secret's`, async () => {
      const handler = "from js import Response\ndef on_fetch(request): return Response.new('')\n";
      const folder = worker(`${top}\n${handler}`, "[vars]\nNAME = 'a value'\n", ["blockon_api_2026_11_01"]);
      const { code, stdout, stderr } = await packing.pack(folder.path, "--json");
      assert.equal(code, 0, stderr);
      const { noSnapshot } = JSON.parse(stdout) as { noSnapshot: string[] };
      assert.match(noSnapshot.join("\n"), said);
      assert.ok(!existsSync(path.join(folder.path, ".blockon", "artifact", "worker.snapshot")));
    });
  }

  it("has one where the top level asks for what the configuration has", async () => {
    const folder = worker(
      "from workers import env\nvalue = env.NAME\nfrom js import Response\ndef on_fetch(request): ...\n",
      "[vars]\nNAME = 'a value'\n",
    );
    const { stdout } = await packing.pack(folder.path, "--json");
    assert.deepEqual((JSON.parse(stdout) as { noSnapshot: string[] }).noSnapshot, []);
    assert.ok(existsSync(path.join(folder.path, ".blockon", "artifact", "worker.snapshot")));
  });

  it("tells programs the same as JSON", async () => {
    const folder = whole();
    const { code, stdout } = await packing.pack(folder.path, "--json");
    assert.equal(code, 0);
    const report = JSON.parse(stdout) as { [key: string]: unknown };
    assert.equal(report.artifact, path.join(folder.path, ".blockon", "artifact"));
    assert.deepEqual(report.missing, []);
    assert.equal((report.packages as { name: string }[])[0]?.name, "thing");
  });

  it("packs what is in python_modules, with bytecode", async () => {
    const folder = worker();
    folder.write("python_modules/thing.py", "version = 'vendored'\n");
    folder.write("helpers/text.py", "value = 1\n");
    const { code, stdout, stderr } = await packing.pack(folder.path);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\(of no package\) +2 /m);
    const artifact = path.join(folder.path, ".blockon", "artifact");
    assert.ok(!existsSync(path.join(artifact, "pylock.blockon.toml")));
    assert.ok((readManifest(artifact).packages[0]?.bytecode ?? 0) > 0);
  });

  describe("names imports of what is nowhere, by file and line", () => {
    const text = `
import os, thing
import missing_one.part
from missing_two import (
    name,
)
from . import gone
def later():
    import missing_three
try:
    import guarded
except (ValueError, ModuleNotFoundError):
    import also_missing
if os.name == "nt":
    import winreg_like
import contextlib
with contextlib.suppress(ImportError):
    import suppressed
import js, pyodide.ffi, workers, blockon
`;
    it("of the main file and what it leads to", async () => {
      // None of it is run: what is run is below.
      const folder = worker(
        `from js import Response\ndef on_fetch(request):\n    import lib.inner, beside\n    return Response.new("")\n`,
      );
      folder.write("lib/inner.py", text);
      folder.write("lib/broken.py", "def (");
      folder.write("lib/__init__.py", "def f():\n    from lib import broken, unknown\n");
      folder.write("python_modules/thing.py", "");
      folder.write("src/beside.py", "import missing_four\n");
      folder.write("unused.py", "import not_looked_at\n");
      const { code, stdout, stderr } = await packing.pack(folder.path, "--json");
      assert.equal(code, 0, stderr);
      const { missing, syntax } = JSON.parse(stdout) as { missing: object[]; syntax: object[] };
      assert.deepEqual(missing, [
        { name: "missing_one.part", file: "lib/inner.py", line: 3 },
        { name: "missing_two", file: "lib/inner.py", line: 4 },
        { name: "missing_three", file: "lib/inner.py", line: 9 },
        { name: "also_missing", file: "lib/inner.py", line: 13 },
        { name: "missing_four", file: "src/beside.py", line: 1 },
      ]);
      assert.equal(syntax.length, 1);
      assert.match(stderr, /^warning: .*\/lib\/inner\.py:3: missing_one\.part is imported, and it is neither/m);
      assert.match(stderr, /^warning: .*\/lib\/broken\.py:1: this is no Python: /m);
    });
  });

  it("says what of a top level no snapshot can hold, and packs it", async () => {
    const folder = worker(`
import socket
from js import Response

listening = socket.socket()

def on_fetch(request):
    return Response.new("")
`);
    const { code, stdout, stderr } = await packing.pack(folder.path, "--json");
    assert.equal(code, 0, stderr);
    const { noSnapshot } = JSON.parse(stdout) as { noSnapshot: string[] };
    assert.match(noSnapshot.join("\n"), /socket/);
    assert.match(stderr, /^warning: each start runs the Worker's top level anew, .*:\n {2}.*socket/m);
    const required = await packing.pack(folder.path, "--require-snapshot");
    assert.equal(required.code, 1);
    assert.match(required.stderr, /^blockon: nothing was packed, since no snapshot can hold .*:\n {2}.*socket/m);
    const random = worker("import uuid\nID = uuid.uuid4()\ndef on_fetch(request):\n    return ID\n");
    assert.match(
      (await packing.pack(random.path, "--require-snapshot")).stderr,
      /called at the top level: .*entry\.py:2/,
    );
    const held = worker("from js import Response\ndef on_fetch(request):\n    return Response.new('')\n");
    const { stdout: other } = await packing.pack(held.path, "--json");
    assert.deepEqual((JSON.parse(other) as { noSnapshot: string[] }).noSnapshot, []);
  });

  const refusals: [title: string, make: () => WorkerFolder, message: RegExp][] = [
    [
      "whose top level fails, with its traceback",
      () => worker("import json\ndef load():\n    return json.loads('{')\nsettings = load()\n"),
      /^blockon: .*src\/entry\.py: the Worker's top level fails, so that there is nothing to pack\.\n(?:.*\n)*.*entry\.py", line 4, in <module>\n(?:.*\n)*.*JSONDecodeError: /m,
    ],
    [
      "whose top level needs a secret",
      () => {
        const folder = worker("from workers import env\nkey = env.API_KEY.upper()\n");
        folder.write(".dev.vars", "API_KEY=abc\n");
        return folder;
      },
      /It runs without the secrets of \.dev\.vars\.\n/,
    ],
    [
      "whose configuration is wrong",
      () => worker("", "[blockon.limits]\ntmp_mb = 0\n"),
      /^blockon: .*wrangler\.toml:6: /m,
    ],
    [
      "whose assets are elsewhere",
      () => {
        const folder = worker(entry, '[assets]\ndirectory = "../"\n');
        folder.write("x", "");
        return folder;
      },
      /"assets\.directory" names .*, (?:in which|which is not in the Worker's folder)/,
    ],
  ];
  for (const [title, make, message] of refusals) {
    it(`packs nothing ${title}`, async () => {
      const folder = make();
      const { code, stdout, stderr } = await packing.pack(folder.path);
      assert.equal(code, 1);
      assert.equal(stdout, "");
      assert.match(stderr, message);
      assert.ok(!existsSync(path.join(folder.path, ".blockon", "artifact")));
    });
  }

  it("does not write over what is no artifact", async () => {
    const folder = whole();
    const { code, stderr } = await packing.pack(folder.path, "--out", folder.path);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^blockon: .* holds other things than an artifact\. Name an empty folder, or a new one, by --out\.\n$/,
    );
  });
});
