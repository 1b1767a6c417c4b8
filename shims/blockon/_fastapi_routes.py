"""Finding the route for a request as FastAPI does, without trying all of them.

FastAPI matches a path against one route after another. Here those are tried alone whose path has the same first
segment, or a parameter in it: an application of a hundred routes has few of these. The order stays FastAPI's.
"""

from __future__ import annotations

import re
from operator import is_
from typing import Any

from ._known_code import all_known

__all__ = ["Routes"]

# Routes that a request over HTTP passes by, and Mounts, of which a path that does not match is told from one that
# does. By CPython 3.14's compiler, of FastAPI 0.165 and Starlette 1.10.
_KNOWN = {
    "starlette.routing:WebSocketRoute": {"matches": frozenset({0xB8AED85D})},
    "fastapi.routing:APIWebSocketRoute": {"matches": frozenset({0x8DD32753})},
    "starlette.routing:Mount": {"matches": frozenset({0x0AB769E8})},
}


class _Entry:
    """A route, in the order in which FastAPI tries it."""

    __slots__ = ("is_plain", "is_tried", "route", "segment")

    def __init__(self, route: Any, *, is_tried: bool = True, is_plain: bool = False) -> None:
        self.route = route
        #: Whether a path that its regular expression does not match is none of its.
        self.is_tried = is_tried
        #: Whether it may have a plan.
        self.is_plain = is_plain
        #: What a path that it matches begins with; None where that may be anything.
        self.segment = _segment_of(route) if is_tried else None


def _segment_of(route: Any) -> str | None:
    path: str = route.path_format
    segment, _, _ = path[1:].partition("/")
    is_literal = path.startswith("/") and "{" not in segment
    # An expression that somebody has set matches what it likes.
    expected = "/" + re.escape(segment)
    pattern = route.path_regex.pattern.removeprefix("^")
    behind = pattern[len(expected) : len(expected) + 1]
    return segment if is_literal and pattern.startswith(expected) and behind in ("/", "$") else None


class Routes:
    """Those of one router."""

    __slots__ = ("_by_segment", "_is_known", "_others", "_router", "_routing", "_seen")

    def __init__(self, routing: Any, router: Any) -> None:
        self._routing = routing
        self._router = router
        self._is_known = all_known(_KNOWN)
        #: Of the router and those that it includes, how they were.
        self._seen: list[tuple[Any, int, list[Any]]] = []
        self._by_segment: dict[str, list[_Entry]] = {}
        #: For segments that no route has.
        self._others: list[_Entry] = []

    @property
    def router(self) -> Any:
        return self._router

    def find(self, path: str, method: str) -> tuple[Any, Any] | None:
        """The first that matches, of a router that is included what stands for it, with its match.

        None where FastAPI is to find it.
        """
        if not self._is_current():
            self._read()
        if "\n" in path:  # at its end `$` passes it over
            return None
        for entry in self._by_segment.get(path[1:].partition("/")[0], self._others):
            if not entry.is_tried:
                return None
            route = entry.route
            match = route.path_regex.match(path)
            if match is None:
                continue
            if not entry.is_plain:
                return None
            if not route.methods or method in route.methods:
                return route, match
        return None

    def _is_current(self) -> bool:
        for router, version, routes in self._seen:
            now = router.routes
            if router._routes_version != version or len(now) != len(routes) or not all(map(is_, now, routes)):
                return False
        return bool(self._seen)

    def _read(self) -> None:
        self._seen = [self._state_of(self._router)]
        entries = self._entries(self._router.routes)
        segments = {entry.segment for entry in entries if entry.segment is not None}
        self._others = [entry for entry in entries if entry.segment is None]
        self._by_segment = {
            segment: [entry for entry in entries if entry.segment is None or entry.segment == segment]
            for segment in segments
        }

    @staticmethod
    def _state_of(router: Any) -> tuple[Any, int, list[Any]]:
        return router, router._routes_version, list(router.routes)

    def _entries(self, routes: Any) -> list[_Entry]:
        routing = self._routing
        found: list[_Entry] = []
        for each in routes:
            kind = type(each)
            if kind is routing._IncludedRouter and type(each.original_router) is routing.APIRouter:
                self._seen.append(self._state_of(each.original_router))
                found += self._entries(each.effective_candidates())
                continue
            route = each
            if kind is routing._EffectiveRouteContext:
                kind = type(each.original_route)
                if kind is not routing.APIRoute:
                    route = each.starlette_route
            if kind is routing.APIRoute or kind is routing.routing.Route:
                found.append(_Entry(route, is_plain=True))
            elif self._is_known and kind is routing.routing.Mount:
                found.append(_Entry(route))
            elif not self._is_known or kind not in (routing.routing.WebSocketRoute, routing.APIWebSocketRoute):
                found.append(_Entry(route, is_tried=False))
        return found
