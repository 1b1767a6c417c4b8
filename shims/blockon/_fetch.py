"""Which ``fetch`` the HTTP clients go through, if any: one that a program gave, or a Worker's own.

Where there is none they connect by sockets. That is asked when a client connects, and of clients alone that may find
one: in a program that has never set a fetch none of them is touched (``_clients.follow_fetch``).
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from . import _bridge, _clients
from ._bridge import js

__all__ = ["current", "enter", "leave_worker", "set_fetch", "take_option", "take_workers", "why_unreachable"]

_given: Any = None
# Whether loadPyodide was given one. It stays among its options: no memory snapshot can hold it.
_is_option = False
# Whether this is a Worker, and the fetch that it was born with: while that is js.fetch, nobody has set another.
_is_worker = False
_born_with: Any = None
_is_inside: ContextVar[bool] = ContextVar("blockon_inside_fetch", default=False)


def set_fetch(fetch: Any) -> None:
    """Have HTTP clients send requests by ``fetch`` from now on, where they would open a connection.

    ``fetch`` is called as JavaScript's is, with a URL and an object of options, and returns a Response or an awaitable
    of one. It is a function of either language, or an object that has it as ``fetch``, as a Worker's bindings have.
    None takes it away again: then it is the option ``fetch`` of loadPyodide, or the ``js.fetch`` of a Worker that has
    replaced it, or there is none.

    Connections that are open already stay.

    Raises RuntimeError where clients are left as they are (the option ``shims`` of loadPyodide), or one was imported
    whose version is not known here.
    """
    global _given
    if fetch is not None and not callable(fetch) and not callable(getattr(fetch, "fetch", None)):
        raise TypeError(f"a function, or an object that has a function fetch, is needed, not {type(fetch).__name__}")
    _clients.follow_fetch()
    if fetch is not None:
        _clients.refuse_unknown()
    _given = fetch


def take_option(there: bool) -> None:
    """Note whether loadPyodide was given one."""
    global _is_option
    _is_option = there
    if there:
        _clients.follow_fetch()


def take_workers(as_it_is: bool) -> None:
    """Note a Worker's own fetch, before any of its code runs. ``as_it_is``: clients go through that one, too."""
    global _is_worker, _born_with
    _is_worker = True
    _born_with = None if as_it_is else js.fetch
    _clients.follow_fetch()


def leave_worker() -> None:
    """Forget a Worker's own fetch."""
    global _is_worker, _born_with
    _is_worker, _born_with = False, None


def enter() -> None:
    """Mark this task as one that calls a fetch, which may be written in Python: the clients that it uses connect."""
    _is_inside.set(True)


def current() -> Callable[[str, Any], Any] | None:
    """What a client that connects now is to go through; None for a connection."""
    if _is_inside.get():
        return None
    if _given is not None:
        return _given if callable(_given) else _given.fetch
    if _is_option:
        return _bridge.load_option("fetch")
    if _is_worker and (fetch := getattr(js, "fetch", None)) != _born_with:
        return fetch
    return None


def why_unreachable() -> str | None:
    """Why a call made here cannot wait for a fetch; None if it can."""
    if _bridge.can_block():
        return None
    return (
        "a fetch was set for the HTTP clients, and this call cannot wait for it: JavaScript called Python "
        "synchronously, or the Worker may not block (no_python_run_sync). Enter Python by runPythonAsync or "
        "callPromising, use an asynchronous client, or take the fetch away by blockon.set_fetch(None)"
    )
