// python_modules/: packages beside a Worker, their place on the path, and their .pth files.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const entry = `
import json, sys
from js import Response
import beside, both, vendored
from beside_too.inner import where as inner

def found(name):
    try:
        return __import__(name).where
    except ImportError:
        return None

state = {
    "both": both.where,
    "beside": [beside.where, inner, beside.text],
    "vendored": vendored.where,
    "by_path": found("by_path"),
    "nested": found("nested"),
    "ran": getattr(sys, "pth_ran", None),
    "path": [place for place in sys.path if place.startswith("/session")],
}

def on_fetch(request):
    return Response.new(json.dumps(state))
`;

const modules = "/session/metadata/python_modules";

async function stateOf(
  flags: readonly string[],
  date?: string,
): Promise<{ state: { [key: string]: unknown }; log: string[] }> {
  const folder = workerFolder(entry, flags);
  if (date !== undefined) {
    const file = path.join(folder.path, "wrangler.toml");
    folder.write(
      "wrangler.toml",
      readFileSync(file, "utf8").replace(/^compatibility_date = .*$/m, `compatibility_date = "${date}"`),
    );
  }
  folder.write("both.py", 'where = "own"\n');
  folder.write("beside.py", 'where = "above"\n');
  folder.write(
    "src/beside.py",
    "from pathlib import Path\nwhere = 'beside the main file'\ntext = (Path(__file__).parent / 'data.txt').read_text()\n",
  );
  folder.write("src/data.txt", "a file beside it");
  folder.write("src/beside_too/__init__.py", "");
  folder.write("src/beside_too/inner.py", "where = 'in a package beside it'\n");
  folder.write("python_modules/both.py", 'where = "vendored"\n');
  folder.write("python_modules/vendored/__init__.py", 'where = "vendored"\n');
  folder.write(
    "python_modules/a.pth",
    "# more places\n../lib\n/not/there\nimport sys; sys.pth_ran = 'before the Worker'\n",
  );
  folder.write("python_modules/b.pth", "import no_such_module_at_all\nnested_folder\n");
  folder.write("python_modules/c.pth", "nested_folder\n");
  folder.write("python_modules/nested_folder/nested.py", 'where = "nested"\n');
  folder.write("python_modules/below/d.pth", "import sys; sys.pth_ran = 'from below'\n");
  folder.write("lib/by_path.py", 'where = "by path"\n');
  folder.write("lib/both.py", 'where = "by path"\n');
  const server = await ServeProcess.start(folder.path);
  try {
    const state = (await (await fetch(server.url)).json()) as { [key: string]: unknown };
    return { state, log: server.log.map(({ msg }) => msg) };
  } finally {
    assert.equal(await server.stop(), 0);
    folder.remove();
  }
}

describe("modules beside the main file, and python_modules", () => {
  it("are on the path behind the Worker's own modules, and their .pth files count", async () => {
    const { state, log } = await stateOf(["python_process_pth_files"]);
    assert.deepEqual(state, {
      both: "own",
      beside: ["beside the main file", "in a package beside it", "a file beside it"],
      vendored: "vendored",
      by_path: "by path",
      nested: "nested",
      ran: "before the Worker",
      path: [
        "/session/metadata/src",
        "/session/metadata",
        modules,
        "/session/metadata/lib",
        `${modules}/nested_folder`,
      ],
    });
    assert.ok(
      log.some((line) => line.includes("b.pth")),
      "a .pth file that fails is told",
    );
  });

  it("have .pth files that do not count without the flag, before its date", async () => {
    const { state } = await stateOf(["python_workers_20260610"], "2026-05-25");
    assert.deepEqual(state, {
      both: "own",
      beside: ["beside the main file", "in a package beside it", "a file beside it"],
      vendored: "vendored",
      by_path: null,
      nested: null,
      ran: null,
      path: ["/session/metadata/src", "/session/metadata", modules],
    });
  });
});
