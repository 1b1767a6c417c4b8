"""What a suite's outcomes say: which were to pass and did not, and which of the known failures are none any more."""

from __future__ import annotations

from dataclasses import dataclass, field

from tools.client_suites import folders, sides
from tools.client_suites.runs import PASSED, SideRun
from tools.client_suites.suite import Suite


@dataclass
class Verdict:
    suite: Suite
    runs: dict[str, SideRun]
    whole: bool  # whether all of the suite was asked for
    failures: list[str] = field(default_factory=list)  # pass on CPython, not here, and are not known
    passes: list[str] = field(default_factory=list)  # known to fail, but pass
    stale: list[str] = field(default_factory=list)  # patterns that fit no test
    errors: list[str] = field(default_factory=list)  # files that CPython could not read
    known: int = 0

    def __post_init__(self) -> None:
        here, there = self.outcomes(sides.HERE), self.outcomes(sides.CPYTHON)
        patterns = self.suite.known_patterns()
        known = folders.matcher()(patterns)
        for name in sorted(here.keys() | there.keys()):
            passes = here.get(name, ("", ""))[0] == PASSED
            is_known = known(name) is not None
            self.known += is_known
            if is_known and passes:
                self.passes.append(name)
            elif not is_known and not passes and there.get(name, ("", ""))[0] == PASSED:
                self.failures.append(name)
        self.errors = [f"{file}: {why}" for file, why in self.runs[sides.CPYTHON].errors.items()]
        if self.whole:
            self.stale = _unused(patterns, here.keys() | there.keys())
            self.stale += _unused(self.suite.left_out_patterns(), self.left_out() | set(folders.all_files(self.suite)))

    @property
    def good(self) -> bool:
        return self.unexpected == 0

    @property
    def unexpected(self) -> int:
        return sum(map(len, (self.failures, self.passes, self.stale, self.errors)))

    def left_out(self) -> set[str]:
        return self.runs[sides.CPYTHON].left_out

    def outcomes(self, side: str) -> dict[str, tuple[str, str]]:
        """A file that one side could not read is a test of its own, which passes where it was read."""
        errors = {file for run in self.runs.values() for file in run.errors}
        run = self.runs[side]
        read = {file: ("failed", run.errors[file]) if file in run.errors else (PASSED, "") for file in errors}
        return {**run.outcomes, **read}

    def count(self, side: str, outcome: str | None = None) -> int:
        return sum(outcome in (None, each) for each, _ in self.runs[side].outcomes.values())

    def why(self, name: str) -> str:
        outcome, why = self.outcomes(sides.HERE).get(name, ("not run", "its file could not be run"))
        return f"{outcome}: {why}" if why else outcome

    def to_json(self) -> dict[str, object]:
        names = sorted(self.outcomes(sides.HERE).keys() | self.outcomes(sides.CPYTHON).keys())
        both = {side: self.outcomes(side) for side in (sides.HERE, sides.CPYTHON)}
        return {
            "suite": self.suite.name,
            "version": folders.version(self.suite),
            "left_out": len(self.left_out()),
            "known": self.known,
            **{f"passed_{side}": self.count(side, PASSED) for side in both},
            "items": {side: self.count(side) for side in both},
            "seconds": {side: round(self.runs[side].seconds, 1) for side in both},
            "unexpected_failures": self.failures,
            "unexpected_passes": self.passes,
            "stale_patterns": self.stale,
            "errors": {side: self.runs[side].errors for side in both},
            "tests": {name: {side: both[side].get(name) for side in both} for name in names},
        }


def _unused(patterns: list[str], names: set[str]) -> list[str]:
    return [pattern for pattern in patterns if all(folders.matcher()([pattern])(name) is None for name in names)]
