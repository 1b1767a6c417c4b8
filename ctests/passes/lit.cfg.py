"""The tests of blockon-opt, one folder a pass, read by lit (lit.site.cfg.py in the build folder loads this file).

What a RUN line may use, besides lit's own:
  blockon-opt, FileCheck, split-file, wasm-validate, node   the programs of this build
  %{fails} CODE COMMAND...     succeeds when the command ends with this exit code; what it wrote goes to stdout
  %{assemble} FILE -o FILE     text to binary with its names, which blockon-opt leaves out
  %{side-module} FILE MEMORY ALIGNMENT TABLE   gives a module a dylink section, which text cannot have
  %{guest-cc}, %{guest-ld}     compile and link a side module as jspi/guest is
  %{pyodide}, %{guest}         Pyodide's wasm, our guest
  %{pyodide-older}             the wasm of a Pyodide with Python 3.13
  %{settle-older}              the passes that give it a place, with the numbers of its glue
  %{addresses}                 what is known of addresses that Pyodide's wasm asks for
  %{make-distribution}         the passes that make the distribution's wasm of it, with the lists in patches/
"""

import sys
from pathlib import Path

import lit.formats

HERE = Path(__file__).parent
CC_FLAGS = "-fvisibility=hidden -fno-rtti -fno-exceptions -Wall -Werror"
LD_FLAGS = "--gc-sections --export-if-defined=__wasm_call_ctors"
build = config.blockon

PATCHES = Path(build["source"], "patches", "314.0.7")
OLDER = "0.29.5"
OLDER_PYODIDE = Path(build["source"], "node_modules", f"pyodide-{OLDER}")

sys.path.insert(0, build["source"])
from tools import older_glue  # noqa: E402

bases = older_glue.places((OLDER_PYODIDE / "pyodide.asm.js").read_text())
SETTLE = f"--settle-bases {bases} --settle-addresses '{PATCHES.parent}/{OLDER}/addresses.txt'"

config.name = "blockon-opt"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".test", ".wat"]
config.excludes = ["Inputs"]
config.test_source_root = str(HERE)
config.test_exec_root = str(Path(build["build"], "ctests", "passes"))
# What a leak checker says of Binaryen's arenas at exit is no concern of ours.
config.environment["ASAN_OPTIONS"] = "detect_leaks=0"

python = f"'{sys.executable}'"
for name in ("blockon-opt", "FileCheck", "split-file", "wasm-validate", "node"):
    config.substitutions.append((rf"(?<![\w/.%{{-]){name}(?![\w/.}}-])", f"'{build[name]}'"))
config.substitutions += [
    ("%{fails}", f"{python} '{HERE / 'fails.py'}'"),
    ("%{assemble}", f"'{build['wat2wasm']}' --debug-names --enable-exceptions --enable-extended-const"),
    ("%{side-module}", f"{python} '{HERE / 'side_module.py'}'"),
    (
        "%{guest-cc}",
        f"'{build['clang']}' --target=wasm32-unknown-emscripten -fPIC -O2 -ffreestanding -nostdlib {CC_FLAGS} -c",
    ),
    (
        "%{guest-ld}",
        f"'{build['wasm-ld']}' --experimental-pic -shared --no-entry --allow-undefined {LD_FLAGS}",
    ),
    ("%{pyodide}", f"'{Path(build['source'], 'node_modules', 'pyodide', 'pyodide.asm.wasm')}'"),
    ("%{guest}", f"'{build['guest']}'"),
    ("%{pyodide-older}", f"'{OLDER_PYODIDE / 'pyodide.asm.wasm'}'"),
    ("%{settle-older}", f"{SETTLE} --apply-relocations --fold-addresses"),
    ("%{addresses}", f"'{PATCHES}/addresses.txt'"),
    (
        "%{make-distribution}",
        f"--merge-guest '{build['guest']}' --routes '{PATCHES}/routes.txt' --check-frames '{PATCHES}/check_frames.txt'",
    ),
]
