"""pip for a Worker's Python, not for the one that runs it: pip_for_target.py TARGET ARGUMENT ...

TARGET is JSON: `markers`, the value of each marker, since --platform and --python-version are for wheels alone and
leave `sys_platform` the host's; and `sources`, the packages of which sources count beside wheels, which pip's options
cannot say of some where they say that of all others only wheels do; and `as_elsewhere`, the packages that require here
what they require on Linux. `passed_over`, if it is there, is a file to write: `newest`, for each package that is asked
for, the newest version which the index has and the requirements admit, whether or not it can be had for the target, if
all can be installed; `sources`, the packages of which the index has sources and no wheel.
"""

import copy
import json
import os
import sys
from pathlib import Path

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
from pip._internal.cli.req_command import RequirementCommand  # noqa: E402
from pip._internal.index.package_finder import LinkEvaluator, LinkType  # noqa: E402
from pip._vendor.packaging.utils import (  # noqa: E402
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

# The versions of each project that the index has, but for those that are no choice anywhere.
versions: dict = {}
asked: list = []
# The projects that have sources, and those that have wheels.
with_sources: set = set()
with_wheels: set = set()

evaluate_link = LinkEvaluator.evaluate_link
get_requirements = RequirementCommand.get_requirements
COUNTED = {
    LinkType.candidate,
    LinkType.format_unsupported,
    LinkType.platform_mismatch,
    LinkType.requires_python_mismatch,
}


def version_of(link: object) -> object:
    try:
        return parse_wheel_filename(link.filename)[1]
    except InvalidWheelFilename:
        pass
    try:
        return parse_sdist_filename(link.filename)[1]
    except InvalidSdistFilename:
        return None


def evaluated(self: LinkEvaluator, link: object) -> tuple:
    outcome = evaluate_link(self, link)
    (with_wheels if link.is_wheel else with_sources).add(self._canonical_name)
    until = self._uploaded_prior_to
    if outcome[0] in COUNTED and not (until and link.upload_time and link.upload_time >= until):
        version = version_of(link)
        if version is not None and not version.is_prerelease:
            versions.setdefault(self._canonical_name, set()).add(version)
    return outcome


def requirements(self: RequirementCommand, *args: object) -> list:
    found = get_requirements(self, *args)
    asked.extend(found)
    return found


LinkEvaluator.evaluate_link = evaluated
RequirementCommand.get_requirements = requirements


def newest_versions() -> dict:
    wanted: dict = {}
    for requirement in asked:
        if requirement.name:
            wanted.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    newest = {}
    for name, entries in wanted.items():
        if not any(entry.user_supplied and not entry.constraint and entry.match_markers() for entry in entries):
            continue
        admitted = [each for each in versions.get(name, ()) if all(entry.specifier.contains(each) for entry in entries)]
        if admitted:
            newest[name] = str(max(admitted))
    return newest


status = main(sys.argv[2:])
if "passed_over" in target:
    told = {"newest": newest_versions() if status == 0 else {}, "sources": sorted(with_sources - with_wheels)}
    Path(target["passed_over"]).write_text(json.dumps(told), encoding="utf-8")
sys.exit(status)
