"""The pytest plugin: which tests run, how long each may take, and a line of JSON for each thing that happens.

What it says goes to stdout behind MARK, since that is there in the runtime and on CPython alike:
{"left_out": [test, ...]}, {"items": [test, ...]}, {"begins": test}, {"ends": test, "outcome", "why"},
{"error": file, "why"} and {"finished": true}.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from blockon_suite import limits, outside, patterns, stand_ins

MARK = "@@suite "
WHY_LENGTH = 300

OPTIONS: dict[str, Any] = outside.call("options")
os.chdir(OPTIONS["root"][os.environ["BLOCKON_SIDE"]])
stand_ins.install(OPTIONS["suite"])


# What is parametrized by a file's name has it in the test's: one name for both sides.
_PACKAGES = str(Path.cwd().parent)


def _name(nodeid: str) -> str:
    return nodeid.replace(_PACKAGES, "PACKAGES")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr)
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    return (lines[0] if crash is not None else lines[-1])[:WHY_LENGTH]


class Reporter:
    """Says what happens as it happens: whoever reads has it when this process is ended."""

    def __init__(self, config: pytest.Config) -> None:
        self._terminal = config.pluginmanager.getplugin("terminalreporter")
        self._outcome: tuple[str, str] = ("passed", "")

    def say(self, **what: Any) -> None:
        self._terminal.ensure_newline()
        self._terminal.write_line(MARK + json.dumps(what))
        self._terminal.flush()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        left_out = patterns.matcher(OPTIONS["left_out"])
        fixtures = set(OPTIONS["left_out_fixtures"])
        ended = set(OPTIONS["ended"])

        def is_out(item: pytest.Item) -> bool:
            used = getattr(item, "fixturenames", ())
            return left_out(_name(item.nodeid)) is not None or not fixtures.isdisjoint(used)

        out = [item for item in items if is_out(item)]
        kept = [item for item in items if not is_out(item) and _name(item.nodeid) not in ended]
        self.say(left_out=[_name(item.nodeid) for item in out])
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.say(items=[_name(item.nodeid) for item in session.items])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.say(error=report.nodeid, why=_reason(report))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._outcome = ("passed", "")
        self.say(begins=_name(nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self._outcome[0] != "failed":
            self._outcome = ("failed", _reason(report))
        elif report.skipped and self._outcome[0] == "passed":
            self._outcome = ("xfailed" if hasattr(report, "wasxfail") else "skipped", _reason(report))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        outcome, why = self._outcome
        self.say(ends=_name(nodeid), outcome=outcome, why=why)

    def pytest_sessionfinish(self) -> None:
        self.say(finished=True)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None]:
        with limits.limit(OPTIONS["test_seconds"]):
            return (yield)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "timeout: of pytest-timeout, which is not here; OPTIONS has the limit of all")
    config.pluginmanager.register(Reporter(config), "blockon-reporter")
    config.pluginmanager.register(stand_ins.fixtures(OPTIONS["suite"]), "blockon-fixtures")


@pytest.hookimpl(tryfirst=True)
def pytest_plugin_registered(plugin: object) -> None:
    """A suite's conftest.py is a plugin, too: it is changed before pytest looks for its fixtures."""
    if getattr(plugin, "__name__", "").endswith("conftest"):
        stand_ins.mend_conftest(OPTIONS["suite"], plugin)
