"""./dev package"""

from __future__ import annotations

import argparse
from pathlib import Path

from tools import npm_package, older_distributions, steps
from tools.paths import shown
from tools.progress import Step


def add_arguments(parser: argparse.ArgumentParser) -> None:
    where = npm_package.OUT
    parser.add_argument("--out", type=Path, default=where, metavar="DIR", help=f"for the tarball ({shown(where)})")


def run(options: argparse.Namespace) -> int:
    made: list[Path] = []

    def pack(step: Step) -> None:
        with step.task("packing the npm package"):
            out = options.out.resolve()
            made.append(npm_package.make(out))
            made.extend(npm_package.make_older(version, out) for version in older_distributions.versions())

    steps.run([*steps.SETUP, steps.compile_for("release"), *steps.DIST, pack])
    for tarball in made:
        print(f"{shown(tarball)}, {tarball.stat().st_size / 2**20:.1f} MiB")
        print("In a folder of your own: npm install FILE, then npx blockon --help")
    return 0
