"""What the commands are made of: steps, each of which makes sure of one thing, and is silent when it is so already."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tools import (
    binaryen,
    compile_cpp,
    distribution,
    npm_packages,
    older_distributions,
    python_tools,
    sdk,
    system_packages,
)
from tools.files import lock
from tools.paths import BUILD
from tools.progress import Step

Ensure = Callable[[Step], None]

CHECK_SETUP: list[Ensure] = [partial(system_packages.ensure, builds=False), npm_packages.ensure, python_tools.ensure]
SETUP: list[Ensure] = [system_packages.ensure, npm_packages.ensure, python_tools.ensure, binaryen.ensure]
DIST: list[Ensure] = [distribution.ensure, older_distributions.ensure, sdk.ensure]
BENCH: list[Ensure] = [
    partial(python_tools.ensure, requirements=python_tools.BENCH_REQUIREMENTS, what="the benchmarks' Python packages")
]
LOAD: list[Ensure] = [partial(system_packages.ensure, load=True)]
DATABASES: list[Ensure] = [partial(system_packages.ensure, tests=True)]
CPYTHON: list[Ensure] = [
    partial(python_tools.ensure, requirements=python_tools.CLIENT_REQUIREMENTS, what="the clients for CPython")
]


def compile_for(preset: str, *targets: str) -> Ensure:
    """Those targets of the preset, or all."""
    return partial(compile_cpp.ensure, preset=preset, targets=targets)


def run(steps: list[Ensure]) -> None:
    with lock(BUILD / ".dev.lock", "this tree in hand"):
        for number, ensure in enumerate(steps, 1):
            ensure(Step(number, len(steps)))
