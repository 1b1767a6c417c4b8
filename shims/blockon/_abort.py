"""Aborting what JavaScript does for a wait that is given up."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from . import _fibers
from ._bridge import JsException

__all__ = ["abort_on_cancel"]


class abort_on_cancel:  # noqa: N801  (a function to its callers, as timeout is)
    """Abort a JavaScript ``AbortController`` when the block is cancelled.

    ``with blockon.abort_on_cancel(controller): run_sync(js.fetch(url, signal=controller.signal))``: who gives up the
    wait, the request ends with it. The block may wait in any way and any number of times; in a coroutine it may await.

    What counts is the exception by which the block is left: any that blockon.cancel() gave, CancelledError (a task that
    is cancelled, a limit around the block), TimeoutError (a limit within it), KeyboardInterrupt and what else is no
    Exception. Other exceptions are the program's own and abort nothing, nor does a cancellation that is caught inside.
    The signal's reason is an Error named AbortError with the exception's text; a controller that was aborted keeps
    its own.

    It is done when the exception passes and not by whoever cancels: that code may be JavaScript, a signal or a timer
    inside of another fiber's wait, where listeners of the signal must not run. Between the two nothing else of the
    fiber runs but its own ``finally`` clauses inside the block.
    """

    def __init__(self, controller: Any) -> None:
        if not callable(getattr(controller, "abort", None)):
            raise TypeError(f"an AbortController is needed, not {type(controller).__name__}")
        self._controller = controller
        self._watch: _fibers.Watch | None = None

    def __enter__(self) -> Self:
        if self._watch is not None:
            raise RuntimeError("this block is entered already: make a new one for each")
        self._watch = _fibers.Watch()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        watch, self._watch = self._watch, None
        given = watch.end() if watch is not None else []
        if error is None:
            return
        if not isinstance(error, Exception) or isinstance(error, TimeoutError) or any(error is one for one in given):
            self._controller.abort(JsException("AbortError", str(error) or type(error).__name__))
