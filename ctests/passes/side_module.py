"""side_module.py FILE MEMORY ALIGNMENT TABLE: makes a module a side module, by a dylink.0 section at its front.

MEMORY bytes of data, aligned to 2 to the power of ALIGNMENT, and TABLE slots, each below 128.
https://github.com/WebAssembly/tool-conventions/blob/main/DynamicLinking.md
"""

import sys
from pathlib import Path

path = Path(sys.argv[1])
memory, alignment, table = (int(argument) for argument in sys.argv[2:])
info = bytes([memory, alignment, table, 0])
name = b"dylink.0"
section = bytes([len(name)]) + name + bytes([1, len(info)]) + info
module = path.read_bytes()
path.write_bytes(module[:8] + bytes([0, len(section)]) + section + module[8:])
