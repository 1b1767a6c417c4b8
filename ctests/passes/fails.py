"""fails.py CODE COMMAND...: succeeds when the command ends with that exit code; all that it wrote goes to stdout."""

import subprocess
import sys

expected = int(sys.argv[1])
result = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
sys.stdout.buffer.write(result.stdout)
sys.stdout.flush()
if result.returncode != expected:
    sys.stderr.buffer.write(result.stdout)
    sys.exit(f"{sys.argv[2]}: exit code {result.returncode}, expected {expected}")
