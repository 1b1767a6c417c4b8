"""Which variable holds an object: the path to it from a module, for a message that its user understands."""

from __future__ import annotations

import contextlib
import gc
import sys
import types
from collections.abc import Iterator
from typing import Any

__all__ = ["Holders", "of_proxies"]

# So many objects are looked at; a Worker with its packages has some hundred thousand.
_MOST = 3_000_000
_PLAIN = (str, bytes, int, float, complex, bool, type(None), types.CodeType)


class Holders:
    """Finds objects by their ids."""

    def __init__(self, modules: dict[str, Any]) -> None:
        self._modules = modules

    def find(self, wanted: dict[int, Any]) -> dict[int, str]:
        """The path of each object of ``wanted``, by its id, as far as there is one. The shortest comes first."""
        found: dict[int, str] = {}
        # The references of this function's own are none.
        seen = {id(wanted), id(found), id(self._modules), id(self)}
        level: list[tuple[str, Any]] = [
            (name, vars(module)) for name, module in self._modules.items() if isinstance(module, types.ModuleType)
        ]
        seen.update(id(each) for _, each in level)
        seen.update(id(each) for each in sys.modules.values())
        while level and len(found) < len(wanted) and len(seen) < _MOST:
            below: list[tuple[str, Any]] = []
            for path, value in level:
                for name, inner in _parts(value):
                    number = id(inner)
                    if number in seen or isinstance(inner, _PLAIN):
                        continue
                    seen.add(number)
                    here = f"{path}{name}"
                    if number in wanted:
                        found[number] = here
                    below.append((here, inner))
            level = below
        return found


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What an object refers to, with the step that leads there."""
    if type(value) is dict:
        is_names = all(type(key) is str and key.isidentifier() for key in value)
        for key, inner in list(value.items()):
            yield (f".{key}" if is_names else f"[{key!r}]"), inner
        return
    if type(value) in (list, tuple):
        for index, inner in enumerate(value):
            yield f"[{index}]", inner
        return
    if isinstance(value, types.FunctionType):
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            try:
                yield f".<{name}>", cell.cell_contents
            except ValueError:
                continue
    names: Any = None
    with contextlib.suppress(AttributeError):
        names = object.__getattribute__(value, "__dict__")
    if isinstance(names, dict | types.MappingProxyType):
        for name, inner in list(names.items()):
            yield f".{name}", inner
    for inner in gc.get_referents(value):
        if inner is not names and not isinstance(inner, types.ModuleType):
            yield "", inner


def of_proxies(modules: dict[str, Any], proxies: list[Any]) -> list[str]:
    """Where each of these objects of JavaScript's is, and what it is: there may be many proxies of one."""
    by_js_id = {proxy.js_id: proxy for proxy in proxies}
    own = {id(proxy) for proxy in proxies}
    kinds = tuple({type(proxy) for proxy in proxies})
    # Those of the same kind that are tracked, or are in something that is.
    wanted = {
        id(inner): inner
        for each in gc.get_objects()
        for inner in (each, *gc.get_referents(each))
        if type(inner) in kinds and id(inner) not in own and inner.js_id in by_js_id
    }
    paths = Holders(modules).find(wanted)
    lines: dict[int, str] = {}
    for number, proxy in wanted.items():
        path = paths.get(number)
        if path is not None and len(path) < len(lines.get(proxy.js_id, path + " ")):
            lines[proxy.js_id] = path
    return [
        f"{lines.get(js_id, 'something that no module holds')}: an object of JavaScript's ({_kind(proxy)})"
        for js_id, proxy in by_js_id.items()
    ]


def _kind(proxy: Any) -> str:
    try:
        return str(proxy.constructor.name) if proxy.typeof == "object" else str(proxy.typeof)
    except Exception:  # noqa: BLE001 - whatever a getter of the Worker's throws
        return "object"
