// The standard library of older Pythons: its modules were compiled before, as the interpreter itself would compile them.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DatedWorker, pythons313 } from "./lib/dated_worker.ts";

const entry = `import importlib.util
import json
import sys
import traceback
import zipfile
import zipimport

from js import Response

[archive] = [path for path in sys.path if path.endswith(".zip")]


def bytecode():
    with zipfile.ZipFile(archive) as library:
        names = library.namelist()
        sources = [name for name in names if name.endswith(".py")]
        wrong = len(names) - len(set(names))
        for name in sources:
            code = library.read(name + "c")
            flags = int.from_bytes(code[4:8], "little")
            hashed = importlib.util.source_hash(library.read(name))
            wrong += (code[:4], flags, code[8:16]) != (importlib.util.MAGIC_NUMBER, 1, hashed)
    return f"{len(sources) > 500} {wrong}"


def blockon():
    return zipimport.zipimporter(archive).is_package("blockon")


def same():
    with zipfile.ZipFile(archive) as library:
        for name in ("json/decoder", "email/message", "blockon/_entry"):
            path = f"{archive}/{name}.py"
            made = compile(library.read(f"{name}.py"), path, "exec", dont_inherit=True)
            importer = zipimport.zipimporter(f"{archive}/{name.rpartition('/')[0]}")
            code = importer.get_code(name.rpartition("/")[2])
            if code != made or code.co_filename != path:
                return name
    return "the same"


def traced():
    try:
        json.loads("[")
    except ValueError:
        return traceback.format_exc()


def on_fetch(request):
    return Response.new(str(globals()[request.url.split("/")[-1]]()))
`;

const pythons = [{ pyodide: "0.26.4", date: "2025-02-01" }, ...pythons313];
for (const { pyodide, ...dated } of pythons) {
  describe(`the library of Pyodide ${pyodide}`, () => {
    let worker: DatedWorker;
    before(() => {
      worker = new DatedWorker(entry, dated);
    });
    after(() => worker.stop());

    it("has each module once, with the bytecode of that Python and that source", async () => {
      assert.equal(worker.pyodide, pyodide);
      assert.equal(await worker.text("bytecode"), "True 0");
      assert.equal(await worker.text("blockon"), "True");
    });

    it("has the code that Python makes of the source", async () => {
      assert.equal(await worker.text("same"), "the same");
    });

    it("shows the source in tracebacks", async () => {
      const lines = (await worker.text("traced")).split("\n").map((line) => line.trim());
      const at = lines.findIndex((line) => /^File "\/lib\/python31[23]\.zip\/json\/decoder\.py", line /.test(line));
      assert.ok(at > 0, lines.join("\n"));
      assert.match(lines.slice(at).join("\n"), /obj, end = self\.raw_decode\(s, idx=_w\(s, 0\)\.end\(\)\)/);
    });
  });
}
