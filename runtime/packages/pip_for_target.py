"""pip for a Worker's Python, not for the one that runs it: pip_for_target.py TARGET ARGUMENT ...

TARGET is JSON: `markers`, the value of each marker, since --platform and --python-version are for wheels alone and
leave `sys_platform` the host's; and `sources`, the packages of which sources count beside wheels, which pip's options
cannot say of some where they say that of all others only wheels do; and `as_elsewhere`, the packages that require here
what they require on Linux.
"""

import copy
import json
import os
import sys

import pip._vendor.packaging.markers as markers
from pip._internal.models.format_control import FormatControl

target = json.loads(sys.argv[1])
values = target["markers"]
if missing := markers.default_environment().keys() - values.keys():
    sys.exit(f"no value for the markers {', '.join(sorted(missing))}")
markers.default_environment = lambda: dict(values)
for name, value in values.items():
    if not markers.Marker(f"{name} == {json.dumps(value)}").evaluate():
        sys.exit(f"this pip evaluates the marker {name} for the host")

get_allowed_formats = FormatControl.get_allowed_formats


def allowed_formats(self: FormatControl, canonical_name: str) -> frozenset:
    if canonical_name in target["sources"]:
        return frozenset({"binary", "source"})
    return get_allowed_formats(self, canonical_name)


FormatControl.get_allowed_formats = allowed_formats

# Before Python 3.11 pip's other way to read metadata would be taken.
os.environ["_PIP_USE_IMPORTLIB_METADATA"] = "1"

from pip._internal.metadata.importlib import Distribution  # noqa: E402

iter_dependencies = Distribution.iter_dependencies


def dependencies(self: Distribution, extras: tuple = ()) -> list:
    if self.canonical_name not in target["as_elsewhere"]:
        return list(iter_dependencies(self, extras))
    here = values["sys_platform"]
    values["sys_platform"] = "linux"
    try:
        required = [copy.copy(requirement) for requirement in iter_dependencies(self, extras)]
    finally:
        values["sys_platform"] = here
    for requirement in required:
        # It would be evaluated again, for this platform.
        requirement.marker = None
    return required


Distribution.iter_dependencies = dependencies

from pip._internal.cli.main import main  # noqa: E402

sys.exit(main(sys.argv[2:]))
