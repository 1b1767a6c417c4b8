"""./dev package"""

from __future__ import annotations

import argparse
from pathlib import Path

from tools import npm_package, steps
from tools.paths import BUILD, shown
from tools.progress import Step

STAGE = BUILD / "package" / "stage"
OUT = BUILD / "package"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help="where the tarball goes (build/package)")


def make(out: Path = OUT) -> Path:
    """Set up and build what is missing, then pack; returns the tarball."""
    tarball: list[Path] = []

    def pack(step: Step) -> None:
        with step.task("packing the npm package"):
            npm_package.stage(STAGE)
            tarball.append(npm_package.pack(STAGE, out.resolve()))

    steps.run([*steps.SETUP, steps.compile_for("release"), *steps.DIST, pack])
    return tarball[0]


def run(options: argparse.Namespace) -> int:
    tarball = make(options.out)
    print(f"{shown(tarball)}, {tarball.stat().st_size / 2**20:.1f} MiB")
    print("In a folder of your own: npm install FILE, then npx blockon --help")
    return 0
