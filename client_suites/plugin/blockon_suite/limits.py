"""A time limit for one test, which blocks or computes."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator


class TestTimeout(BaseException):
    """No Exception, since the tests' clients catch those."""

    __test__ = False


def _expire(number: int, frame: object) -> None:
    raise TestTimeout


@contextlib.contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, _expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in the block, or at its end, when that took longer."""
    if sys.platform == "emscripten":
        import blockon

        with blockon.timeout(seconds):
            yield
        return
    try:
        with _by_signal(seconds):
            yield
    except TestTimeout as error:
        raise TimeoutError(f"the test took more than {seconds} s") from error
