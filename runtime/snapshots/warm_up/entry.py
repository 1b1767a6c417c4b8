"""What most Workers do when they start and answer: V8's code of it is kept (../../cli/make_compiled.ts)."""

import asyncio
import base64
import dataclasses
import datetime
import hashlib
import json
import re
import uuid
from urllib.parse import parse_qsl, urlsplit

from workers import Response, WorkerEntrypoint

# Compiled from text, as a Worker's modules are at their first import.
SOURCE = '''
import functools, contextlib, typing as t
T = t.TypeVar("T")
@functools.lru_cache(maxsize=None)
def fibonacci(n: int) -> int:
    """Doc."""
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
class Base(t.Generic[T]):
    __slots__ = ("a", "_b")
    def __init__(self, *args, key=None, **more):
        self.a, self._b = args, {**more, "key": key}
    @property
    def b(self): return self._b
    async def later(self):
        async with contextlib.AsyncExitStack() as stack:
            return [x async for x in self.some() if x]
    async def some(self):
        for i in range(3):
            yield i
def run(items):
    with contextlib.suppress(KeyError):
        while items:
            match items.pop():
                case {"a": a, **rest}: yield a, rest
                case [first, *_]: yield first
                case str() as s if s: yield f"{s!r:>10} {len(s):03d}"
                case other: raise KeyError(other)
made = [*run([None, "text", [1, 2], {"a": 1, "c": 2}]), fibonacci(20), (lambda x, /, *, y=1: x @ y if 0 else x | y)(1)]
'''


@dataclasses.dataclass(order=True)
class Item:
    number: int
    text: str = ""
    made: datetime.datetime = dataclasses.field(default_factory=datetime.datetime.now)


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        url = urlsplit(request.url)
        exec(compile(SOURCE, "warm_up", "exec"), {"__name__": "warm_up"})
        found = re.fullmatch(r"/items/(?P<number>\d+)", url.path)
        item = Item(int(found["number"]), **dict(parse_qsl(url.query)))
        await asyncio.sleep(0)
        given = json.loads(await request.text()) if request.method == "POST" else None
        try:
            raise ValueError(str(given))
        except ValueError as error:
            text = f"{type(error).__name__}: {error}"
        digest = hashlib.sha256(text.encode()).digest()
        answer = {
            **dataclasses.asdict(item),
            "made": item.made.isoformat(),
            "digest": base64.b64encode(digest).decode(),
            "uuid": str(uuid.uuid4()),
            "sorted": sorted({"b": 2.5, "a": 1}.items()),
        }
        return Response(json.dumps(answer, indent=1), headers={"content-type": "application/json"})
