// What an interpreter has from the baseline snapshot without asking for it, and what it reads when it asks.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { after, describe, it } from "node:test";
import { layout } from "../../runtime/layout.ts";
import { bareWorker } from "../../runtime/pool/bare_worker.ts";
import { WorkerHost } from "../../runtime/pool/worker_host.ts";

const root = mkdtempSync(path.join(os.tmpdir(), "blockon-baseline-"));
after(() => rmSync(root, { recursive: true }));

let folders = 0;

/** What a Worker with these files answers, from JSON. */
async function answerOf(files: { readonly [name: string]: string }, features: readonly string[] = []) {
  const folder = path.join(root, String(++folders));
  for (const [name, contents] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), contents);
  }
  const logs: string[] = [];
  const worker = new WorkerHost({
    name: "baseline",
    describe: () => bareWorker("baseline", folder, { features: ["python_workers", "python_run_sync", ...features] }),
    onLog: (_level, line) => logs.push(line),
    onOutput: (_stream, output) => logs.push(output),
  });
  try {
    const { status, body } = await worker.fetch({
      method: "GET",
      url: "http://worker/",
      headers: [],
      body: null,
      client: "",
    });
    assert.equal(status, 200, logs.join("\n"));
    return JSON.parse(body instanceof Uint8Array ? Buffer.from(body).toString() : await text(body));
  } finally {
    await worker.stop();
  }
}

describe("what was rehearsed", () => {
  it("has left nothing of its Workers, their flags and their realm", async () => {
    const {
      finders,
      flags,
      enabled,
      folder,
      garbage,
      names,
      path: places,
    } = await answerOf({
      "entry.py": `
import gc, json, os, sys
from js import Response
import _cloudflare_compat_flags as flags
import blockon
from blockon._api import versions

def on_fetch(request):
    kinds = [type(each).__module__ for each in sys.meta_path]
    return Response.new(json.dumps({
        "finders": kinds.count("blockon._gateway_modules"),
        "flags": sorted(name for name in vars(flags) if not name.startswith("__")),
        "enabled": sorted(versions._enabled),
        "folder": [name for name in os.listdir("/blockon") if "rehearsal" in name],
        "garbage": [name for name in sys.modules if name.startswith("_rehearsal")],
        "path": sys.path,
        "names": [name for name in versions.NAMES if name in vars(blockon)],
    }))
`,
    });
    assert.equal(finders, 2);
    assert.deepEqual(flags, ["python_run_sync", "python_workers"]);
    assert.deepEqual([enabled, folder, garbage, names], [[], [], [], []]);
    assert.ok(!places.includes("/blockon"), places.join(" "));
  });
});

describe("Cloudflare's SDK", () => {
  it("is imported, for no Worker in particular", async () => {
    const answer = await answerOf(
      {
        "entry.py": `
import sys
before = {name for name in sys.modules if name.partition(".")[0] == "workers"}
import json, _cloudflare_compat_flags as flags, workers
from workers import Response, WorkerEntrypoint
from workers.utils import get_compat_flag

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(json.dumps({
            "before": "workers.entrypoints" in before,
            "file": workers.__file__,
            "path": sys.path[:2],
            "flags": [flags.one_flag, flags.other_flag, get_compat_flag("one_flag"), get_compat_flag("other_flag")],
            "env": type(workers.env).__name__,
        }))
`,
      },
      ["one_flag"],
    );
    assert.deepEqual(answer, {
      before: true,
      file: "/blockon/sdk/workers/__init__.py",
      path: ["/session/metadata", "/blockon/sdk"],
      flags: [true, false, true, false],
      env: "_EnvWrapper",
    });
  });

  it("is a Worker's own, where it has one", async () => {
    const answer = await answerOf({
      "workers/__init__.py": "from .mine import own",
      "workers/mine.py": "own = __name__",
      "entry.py": `
import sys
left = [name for name in sys.modules if name.partition(".")[0] == "workers"]
import json, workers
from js import Response

def on_fetch(request):
    return Response.new(json.dumps([left, workers.own, workers.__file__]))
`,
    });
    assert.deepEqual(answer, [[], "workers.mine", "/session/metadata/workers/__init__.py"]);
  });
});

describe("Pyodide's lock file", () => {
  it("is read when somebody asks, and known to ModuleNotFoundError", async () => {
    const answer = await answerOf({
      "entry.py": `
import json, pyodide_js
from _pyodide import _importhook
from js import Response

def on_fetch(request):
    error = ModuleNotFoundError(name="numpy")
    _importhook.add_note_to_module_not_found_error(error)
    lock = pyodide_js.lockfile
    again = pyodide_js._api.lockfile
    return Response.new(json.dumps({
        "python": lock.info.python,
        "name": lock.packages.numpy.name,
        "same": lock == again,
        "of_import": pyodide_js._api._import_name_to_package_name.get("yaml"),
        "arch": pyodide_js._api.lockfile_info.arch,
        "packages": pyodide_js._api.lockfile_packages == lock.packages,
        "note": "numpy" in error.__notes__[0],
    }))
`,
    });
    const { python, ...rest } = answer;
    assert.match(python, /^3\.14\./);
    assert.deepEqual(rest, {
      name: "numpy",
      same: true,
      of_import: "pyyaml",
      arch: "wasm32",
      packages: true,
      note: true,
    });
  });
});

describe("the standard library's archive", () => {
  it("is read in parts: what is no part of the snapshot, and all of it", async () => {
    const file = path.join(layout.distribution, "python_stdlib.zip");
    const { size } = statSync(file);
    const answer = await answerOf({
      "entry.py": `
import sys
late = [name for name in ("colorsys", "wave", "turtle") if name in sys.modules]
import colorsys, hashlib, inspect, io, json, zipfile
from js import Response

def on_fetch(request):
    archive = colorsys.__file__.partition(".zip")[0] + ".zip"
    with zipfile.ZipFile(archive) as opened:
        bad = opened.testzip()
    with open(archive, "rb") as opened:
        whole = opened.read()
        opened.seek(-10, io.SEEK_END)
        end = opened.read(100)
        opened.seek(len(whole) + 5)
        behind = opened.read(1)
    with open(archive, "r+b") as opened:
        opened.write(b"own")
        opened.seek(0)
        own = opened.read(5)
    return Response.new(json.dumps({
        "late": late,
        "hsv": colorsys.rgb_to_hsv(1, 0, 0),
        "source": inspect.getsource(colorsys).startswith('"""Conversion'),
        "bad": bad,
        "size": len(whole),
        "end": whole.endswith(end) and len(end) == 10,
        "behind": len(behind),
        "own": own == b"own" + whole[3:5],
    }))
`,
    });
    const expected = { late: [], hsv: [0, 1, 1], source: true, bad: null, size, end: true, behind: 0, own: true };
    assert.deepEqual(answer, expected);
  });
});
