"""Code that runs in an interpreter of its own, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Protocol

from .host import Operation, finish, host, settle

__all__ = ["Sandbox", "SandboxError", "SandboxPort", "SandboxResult", "SandboxTimeoutError"]

_MIB = 1 << 20


class SandboxError(RuntimeError):
    """What the code raised, or what kept it from its end. ``str()`` is its text."""

    type: str
    """The name of the exception's class there, as ``ValueError``; ``Ended`` for an interpreter that was lost."""
    traceback: str
    """As Python writes it, of the code's own frames."""
    stdout: str
    """What the code had written until then."""
    stderr: str
    """The same of ``sys.stderr``."""

    def __init__(self, type: str, message: str, *, traceback: str = "", stdout: str = "", stderr: str = "") -> None:
        """``type`` is a name, since the class is the sandbox's."""
        super().__init__(message)
        self.type = type
        self.traceback = traceback
        self.stdout = stdout
        self.stderr = stderr


class SandboxTimeoutError(SandboxError):
    """The code took longer than it might. What it wrote is lost."""


class SandboxResult:
    """What came of a run."""

    __slots__ = ("stderr", "stdout", "value")

    value: Any
    """Of the code's last expression, None where that is none."""
    stdout: str
    """What the code wrote to ``sys.stdout``: the first 1,048,576 characters, and how many are left out."""
    stderr: str
    """The same of ``sys.stderr``."""

    def __init__(self, value: Any, stdout: str, stderr: str) -> None:
        """Of one run."""
        self.value = value
        self.stdout = stdout
        self.stderr = stderr

    def __repr__(self) -> str:
        return f"<SandboxResult {self.value!r}>"


class SandboxPort(Protocol):
    """Sandboxes as a host has them."""

    max_seconds: float
    max_memory: int
    """MiB."""

    def run(self, options: dict[str, Any], arguments: tuple[Any, ...]) -> Operation[dict[str, Any]]:
        """What the entry returns. Raises SandboxError."""


def _checked_files(files: Mapping[str, bytes | str]) -> dict[str, bytes | str]:
    for name, content in files.items():
        if not isinstance(name, str) or not isinstance(content, (bytes, str)):
            raise TypeError(f"files: {name!r} is no name with bytes or str, but {type(content).__name__}")
        if name.startswith("/") or ".." in name.split("/") or not name.strip("/"):
            raise ValueError(f"files: {name!r} is no path below the folder in which the code runs")
    return dict(files)


def _limit(name: str, given: float | None, unit: str, key: str, most: float) -> float:
    if given is None:
        return most
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise TypeError(f"{name} is a number of {unit}, not {type(given).__name__}")
    if not 0 < given <= most:
        raise ValueError(f"{name}={given!r}: {unit}, up to {key} of [blockon.sandbox], which is {most:g}")
    return given


class Sandbox:
    """Runs Python that is not the Worker's own: each run in an interpreter of its own, which ends with it.

    ``[blockon.sandbox]`` of the wrangler file has to be there, and has the limits. The code has nothing of the
    Worker's: no bindings, variables, files or modules, and no network unless it is given one.
    """

    def __init__(self) -> None:
        """Raises RuntimeError where there are no sandboxes."""
        self._port: SandboxPort = host().sandbox()

    async def run(
        self,
        code: str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109
        memory: float | None = None,
        files: Mapping[str, bytes | str] | None = None,
        packages: Iterable[str] = (),
        fetch: bool = False,
        isolation: Literal["thread", "process"] | None = None,
    ) -> SandboxResult:
        """Run code, in which ``await`` may stand, and give the value of its last expression and what it wrote.

        ``timeout``: seconds, up to ``max_seconds``, which it is if not given. ``memory``: MiB of Python's memory, the
        interpreter's own 40 included, up to ``max_memory``. ``files``: names and contents, in the folder in which the
        code runs. ``packages``: those of the Worker's that the code needs. ``fetch``: whether it reaches the network,
        within the Worker's ``[blockon.outbound]``. ``isolation``: what the run has for itself, a thread of the server's
        process or a process; the table's ``isolation`` if not given. The value is copied: None, bool, int, float, str,
        bytes, datetime, and lists, dicts and sets of them. Raises SandboxError, SandboxTimeoutError.
        """
        return await settle(self._run(code, timeout, memory, files or {}, packages, fetch, isolation))

    def run_blocking(
        self,
        code: str,
        *,
        timeout: float | None = None,
        memory: float | None = None,
        files: Mapping[str, bytes | str] | None = None,
        packages: Iterable[str] = (),
        fetch: bool = False,
        isolation: Literal["thread", "process"] | None = None,
    ) -> SandboxResult:
        """``run`` without ``await``."""
        return finish(self._run(code, timeout, memory, files or {}, packages, fetch, isolation))

    def _run(
        self,
        code: str,
        timeout: float | None,
        memory: float | None,
        files: Mapping[str, bytes | str],
        packages: Iterable[str],
        fetch: bool,
        isolation: str | None,
    ) -> Operation[SandboxResult]:
        port = self._port
        if not isinstance(code, str):
            raise TypeError(f"the code is a str, not {type(code).__name__}")
        if isinstance(packages, str):
            raise TypeError("packages are names of packages, not a str")
        options = {
            "timeout": _limit("timeout", timeout, "seconds", "max_seconds", port.max_seconds),
            "fetch": bool(fetch),
            "isolation": isolation,
        }
        if isolation not in (None, "thread", "process"):
            raise ValueError(f"isolation={isolation!r}: 'thread' or 'process'")
        size = int(_limit("memory", memory, "MiB", "max_memory", port.max_memory) * _MIB)
        told = yield from port.run(options, (code, _checked_files(files), list(packages), size))
        error = told["error"]
        if error is None:
            return SandboxResult(told["value"], told["stdout"], told["stderr"])
        raise SandboxError(
            error["type"],
            error["message"],
            traceback=error["traceback"],
            stdout=told["stdout"],
            stderr=told["stderr"],
        )
