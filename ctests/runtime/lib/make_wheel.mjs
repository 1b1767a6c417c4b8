// A program of embedder.test.ts: writes the wheel of a tiny package and a lock file that names it into the folder given.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { loadPyodide } from "../../../runtime/index.ts";
import { layout } from "../../../runtime/layout.ts";

const folder = process.argv[2];
const name = "tiny-1.0-py3-none-any.whl";
const pyodide = await loadPyodide();
pyodide.runPython(`
  import zipfile
  files = {
      "tiny.py": "size = 'tiny'\\n",
      "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n",
      "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
      "tiny-1.0.dist-info/RECORD": "",
  }
  with zipfile.ZipFile("${name}", "w") as wheel:
      for path, text in files.items():
          wheel.writestr(path, text)
`);
const bytes = pyodide.FS.readFile(name);
const lock = JSON.parse(readFileSync(path.join(layout.distribution, "pyodide-lock.json"), "utf8"));
lock.packages = {
  tiny: {
    name: "tiny",
    version: "1.0",
    file_name: name,
    install_dir: "site",
    sha256: createHash("sha256").update(bytes).digest("hex"),
    package_type: "package",
    imports: ["tiny"],
    depends: [],
    unvendored_tests: false,
  },
};
writeFileSync(path.join(folder, name), bytes);
writeFileSync(path.join(folder, "tiny-lock.json"), JSON.stringify(lock));
process.exit(0);
