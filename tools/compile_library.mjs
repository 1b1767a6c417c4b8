// compile_library.mjs PYODIDE LIBRARY SOURCES TARGET: the bytecode of Python modules.
//
// PYODIDE is the folder of an npm package, whose Python compiles, since bytecode is for one version alone; LIBRARY is the standard library that it starts
// with. SOURCES is a zip file with modules of the standard library, TARGET one with the bytecode of each.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

// The code has the names under which Python reads the modules from its library. That it is the source's nobody looks at: both come from one file.
const program = `
import importlib.util
import marshal
import sys
import zipfile

UNCHECKED_HASH = 1


def compiled(name, source):
    [archive] = [path for path in sys.path if path.endswith(".zip")]
    code = compile(source, f"{archive}/{name}", "exec", dont_inherit=True, optimize=0)
    flags = UNCHECKED_HASH.to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source) + marshal.dumps(code)


def write(sources, target):
    with zipfile.ZipFile(sources) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name in sorted(old.namelist()):
            if name.endswith(".py"):
                new.writestr(zipfile.ZipInfo(name + "c"), compiled(name, old.read(name)), zipfile.ZIP_DEFLATED)


write("/tmp/sources.zip", "/tmp/target.zip")
`;

const [folder, library, sources, target] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(path.resolve(folder, "pyodide.mjs")).href);
const pyodide = await loadPyodide({ stdLibURL: path.resolve(library), env: { PYTHONHASHSEED: "0" } });
pyodide.FS.writeFile("/tmp/sources.zip", readFileSync(sources));
pyodide.runPython(program);
writeFileSync(target, pyodide.FS.readFile("/tmp/target.zip"));
