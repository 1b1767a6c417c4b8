"""Paths as the interpreter's file system looks them up: what is left of one on the way, links and errors.

By os: a pathlib.Path takes a path apart before the file system sees it.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``a/b/file``, ``a/up`` to ``..``, ``link`` to ``a/b``, ``loop`` to itself; the current folder."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_text("text")
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "link").symlink_to("a/b")
    (tmp_path / "absolute").symlink_to(tmp_path / "a")
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "path",
    [
        "a/b/file",
        "./a/./b//file",
        "a//b/../b/file",
        "link/file",
        "a/up/a/b/file",
        "a/up/link/../b/file",
        "absolute/b/file",
        "link/../up/a/b/file",
    ],
)
def test_names_of_one_file(tree: Path, path: str) -> None:
    expected = (tree / "a" / "b" / "file").stat().st_ino
    assert os.stat(path).st_ino == os.stat(f"{tree}/{path}").st_ino == os.stat(f"//{tree}/{path}").st_ino == expected
    assert Path(path).read_text() == "text"


@pytest.mark.parametrize("path", ["/", "//", "/.", "/..", "/../..", "/tmp/..", "/tmp/../."])
def test_names_of_the_root(path: str) -> None:
    assert os.stat(path).st_ino == os.stat("/").st_ino


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("a/none", errno.ENOENT),
        ("none/file", errno.ENOENT),
        ("none/../a", errno.ENOENT),
        ("a/b/file/more", errno.ENOTDIR),
        ("loop", errno.ELOOP),
        ("loop/file", errno.ELOOP),
        ("", errno.ENOENT),
    ],
)
def test_what_is_not_there(tree: Path, path: str, code: int) -> None:
    with pytest.raises(OSError) as caught:
        os.stat(path)
    assert caught.value.errno == code
    assert caught.value.filename == path


def test_a_file_is_made_where_its_path_leads(tree: Path) -> None:
    Path("link/../up/made").write_text("new")
    assert (tree / "made").read_text() == "new"
    with pytest.raises(FileExistsError):
        os.mkdir("a/up/made")
    os.rename("link/../up/made", "link/moved")
    assert {path.name for path in Path("a/b").iterdir()} == {"file", "moved"}
    assert os.path.realpath("link/moved") == str(tree / "a" / "b" / "moved")
