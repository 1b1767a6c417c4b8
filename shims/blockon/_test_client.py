"""The fixture ``client`` of ``blockon test``: asks the Worker's own handler, without a server in between.

A request is one of JavaScript's, as the realm makes one of what comes over HTTP, and goes to the same place. What the
handler raises comes out of the client's call. Redirects are not followed: an answer is what the handler answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.message
import http
import http.client
import http.cookiejar
import inspect
import json as json_module
import mimetypes
import secrets
import urllib.request
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import IO, Any
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from . import _bridge, _entry
from ._api.websocket import WebSocket, WebSocketError
from ._realm_socket import RealmSocketPort

__all__ = ["Client", "Context", "Headers", "QueueResult", "Response", "ScheduledResult"]

BASE_URL = "http://localhost/"
Pairs = Mapping[str, str] | Iterable[tuple[str, str]]
Params = Mapping[str, Any] | Iterable[tuple[str, Any]]
Content = bytes | str | IO[bytes] | IO[str]
# A content, or its name and it, or its type, too.
File = Content | tuple[str | None, Content] | tuple[str | None, Content, str]
Files = Mapping[str, File | list[File]] | Iterable[tuple[str, File]]
# As the server has it: these have a body that no one sends.
_WITHOUT_BODY = (204, 205, 304)


def _pairs(given: Any) -> list[tuple[str, Any]]:
    if given is None:
        return []
    items = given.items() if isinstance(given, Mapping) else given
    return [(name, each) for name, value in items for each in (value if isinstance(value, (list, tuple)) else [value])]


class Headers(Mapping[str, str]):
    """Header fields, whatever the case of their names; one that came several times is joined by commas."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Take the fields in the order in which they were sent."""
        self._pairs = [(name.lower(), value) for name, value in pairs]

    def get_list(self, name: str) -> list[str]:
        """Each value of a name, as those of ``set-cookie``."""
        return [value for each, value in self._pairs if each == name.lower()]

    def __getitem__(self, name: str) -> str:
        values = self.get_list(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self._pairs))

    def __len__(self) -> int:
        return len({name for name, _ in self._pairs})

    def __repr__(self) -> str:
        return f"Headers({self._pairs!r})"


class Response:
    """What the handler answered, read to its end."""

    def __init__(self, status_code: int, headers: Headers, content: bytes, request: str, web_socket: Any) -> None:
        """``request`` is its method and URL, for error texts."""
        self.status_code = status_code
        self.headers = headers
        self.content = content
        self.request = request
        self.web_socket = web_socket

    @property
    def text(self) -> str:
        """The content by the charset of its Content-Type, UTF-8 where it has none."""
        message = email.message.Message()
        message["content-type"] = self.headers.get("content-type", "")
        return self.content.decode(message.get_content_charset("utf-8"), errors="replace")

    def json(self) -> Any:
        """The content as JSON. Raises ValueError when it is none."""
        try:
            return json_module.loads(self.content)
        except ValueError as error:
            what = f"{self.request}: the answer, {self.status_code}, is no JSON"
            raise ValueError(f"{what}: {self.text[:200]!r}") from error

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status_code < 300

    def raise_for_status(self) -> Response:
        """Raise AssertionError for a status of 400 and above."""
        if self.status_code >= 400:
            raise AssertionError(f"{self.request}: {self.status_code} {self.text[:500]!r}")
        return self

    def __repr__(self) -> str:
        return f"<Response {self.status_code} {http.client.responses.get(self.status_code, '')}>".replace(" >", ">")


class QueueResult:
    """What became of a batch: the bodies of messages."""

    def __init__(self, acked: list[Any], retried: list[Any]) -> None:
        """``acked`` are done; ``retried`` would be delivered again."""
        self.acked = acked
        self.retried = retried

    def __repr__(self) -> str:
        return f"<QueueResult acked={self.acked!r} retried={self.retried!r}>"


class ScheduledResult:
    """What became of a scheduled trigger."""

    def __init__(self, *, no_retry: bool) -> None:
        """``no_retry``: the handler has said that it is not to be tried again."""
        self.no_retry = no_retry

    def __repr__(self) -> str:
        return f"<ScheduledResult no_retry={self.no_retry!r}>"


class Context:
    """``ctx`` of a handler. What it is given to wait for has ended when the client returns, and fails there."""

    def __init__(self) -> None:
        """Nothing to wait for yet."""
        self._tasks: list[asyncio.Future[Any]] = []
        self.props = _bridge.js.Object.new()

    @property
    def exports(self) -> Any:
        """The Worker's own entrypoints, as JavaScript has them."""
        return _bridge.host("entrypointHelper").cloudflareWorkersModule.exports

    def waitUntil(self, awaitable: Awaitable[Any]) -> None:  # noqa: N802, as Cloudflare has it
        """Go on with this after the answer."""
        if not inspect.isawaitable(awaitable):
            raise TypeError(f"waitUntil takes an awaitable, not {type(awaitable).__name__}")
        self._tasks.append(asyncio.ensure_future(awaitable))

    wait_until = waitUntil

    def passThroughOnException(self) -> None:  # noqa: N802, as Cloudflare has it
        """Do nothing: there is no server behind the Worker to pass to."""

    pass_through_on_exception = passThroughOnException

    def finish(self) -> None:
        """Wait for all that was given, also for what that gives."""
        while self._tasks:
            _bridge.block_on(self._tasks.pop(0))


class _CookieResponse:
    """What ``http.cookiejar`` reads of a response."""

    def __init__(self, headers: Headers) -> None:
        self._message = email.message.Message()
        for value in headers.get_list("set-cookie"):
            self._message["set-cookie"] = value

    def info(self) -> email.message.Message:
        return self._message


class Client:
    """Requests to the Worker's handler, with cookies that it keeps from one to the next."""

    def __init__(self, env: Any, base_url: str = BASE_URL) -> None:
        """``env`` is what handlers get. Paths are those below ``base_url``."""
        self.env = env
        self.base_url = base_url
        self.headers: dict[str, str] = {}
        self.cookies = http.cookiejar.CookieJar()

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Params | None = None,
        headers: Pairs | None = None,
        content: bytes | str | None = None,
        data: Params | bytes | str | None = None,
        files: Files | None = None,
        json: Any = None,
        cookies: Mapping[str, str] | None = None,
    ) -> Response:
        """Ask the handler and read the answer. Raises what the handler raises.

        ``json`` goes as JSON, ``data`` as a form unless it is bytes or text, ``content`` as it is, ``files`` as a form
        of several parts, after the fields of ``data``.
        """
        body, body_type = _body(content, data, json) if files is None else _multipart(content, data, json, files)
        parts = urlsplit(urljoin(self.base_url, url))
        query = "&".join(filter(None, [parts.query, urlencode(_pairs(params))]))
        target = urlunsplit(parts._replace(query=query))
        fields = _bridge.js.Headers.new()
        fields.set("host", parts.netloc)
        if body is not None:
            fields.set("content-length", str(len(body)))
        if body_type is not None:
            fields.set("content-type", body_type)
        given = [*self.headers.items(), *_pairs(headers)]
        for name in {name.lower() for name, _ in given}:
            fields.delete(name)
        for name, value in given:
            fields.append(name, value)
        jar_request = urllib.request.Request(target)
        self.cookies.add_cookie_header(jar_request)
        kept = [jar_request.get_header("Cookie"), *(f"{name}={value}" for name, value in (cookies or {}).items())]
        if any(kept) and not fields.has("cookie"):
            fields.set("cookie", "; ".join(each for each in kept if each))
        options = _bridge.js.Object.new()
        options.method, options.headers = method, fields
        if body is not None:
            options.body = _bridge.to_js(body)
        answer = self._ask(_bridge.js.Request.new(target, options), f"{method.upper()} {url}")
        self.cookies.extract_cookies(_CookieResponse(answer.headers), jar_request)  # type: ignore[arg-type]
        return answer

    def _ask(self, request: Any, what: str) -> Response:
        context = Context()
        answer = _entry.fetch(request, self.env, context)
        headers = Headers([(pair[0], pair[1]) for pair in answer.headers])
        content = b""
        if answer.body is not None and request.method != "HEAD" and answer.status not in _WITHOUT_BODY:
            content = _bridge.block_on(answer.arrayBuffer()).to_bytes()
        context.finish()
        return Response(answer.status, headers, content, what, getattr(answer, "webSocket", None))

    @contextlib.contextmanager
    def websocket(
        self, url: str, *, headers: Pairs | None = None, subprotocols: Iterable[str] = ()
    ) -> Iterator[WebSocket]:
        """Open a WebSocket to the handler, which runs beside the test until the block ends.

        Raises WebSocketError when the handler refuses it, and what the handler raises before.
        """
        fields = _bridge.js.Headers.new()
        for name, value in [*self.headers.items(), *_pairs(headers)]:
            fields.append(name, value)
        fields.set("upgrade", "websocket")
        offered = list(subprotocols)
        if offered:
            fields.set("sec-websocket-protocol", ", ".join(offered))
        options = _bridge.js.Object.new()
        options.headers = fields
        request = _bridge.js.Request.new(urljoin(self.base_url, url), options)
        context = Context()
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        servers = _bridge.host("servers")
        told = _bridge.to_js(lambda response: answered.set_result(response))
        servers.onAnswer(request, told)

        async def run() -> Any:
            return _entry.fetch(request, self.env, context)

        task = asyncio.ensure_future(run())
        _bridge.block_on(asyncio.wait([answered, task], return_when=asyncio.FIRST_COMPLETED))
        response = answered.result() if answered.done() else task.result()
        if response.status != http.HTTPStatus.SWITCHING_PROTOCOLS:
            context.finish()
            raise WebSocketError(f"{url}: the handler answered {response.status}", response.status)
        end = servers.clientOf(response)
        chosen = end.headers.get("sec-websocket-protocol") or None
        opened = WebSocket(RealmSocketPort(response=end), offered, chosen, is_open=True)
        with opened:
            yield opened
        _bridge.block_on(task)
        told.destroy()
        context.finish()

    def scheduled(self, cron: str = "* * * * *", time: datetime | None = None) -> ScheduledResult:
        """Call the handler for scheduled triggers. Raises what the handler raises.

        ``time`` is when it was to run, now if not given.
        """
        if time is not None and time.tzinfo is None:
            raise ValueError("client.scheduled: the time needs a time zone, such as datetime.UTC")
        told = []
        no_retry = _bridge.to_js(lambda: told.append(True))
        controller = _bridge.js.Object.new()
        controller.cron, controller.noRetry = cron, no_retry
        controller.scheduledTime = round((time or datetime.now(UTC)).timestamp() * 1000)
        context = Context()
        _entry.scheduled(controller, self.env, context)
        context.finish()
        no_retry.destroy()
        return ScheduledResult(no_retry=bool(told))

    def queue(self, name: str, messages: Iterable[Any], *, attempts: int = 1) -> QueueResult:
        """Give the handler for queues a batch of these bodies. Raises what the handler raises."""
        given = list(messages)
        bodies = _bridge.js.Array.new()
        for each in given:
            bodies.push(_bridge.to_js(each, dict_converter=_bridge.js.Object.fromEntries))
        batches = _bridge.host("batches")
        batch = batches.make(name, bodies, attempts)
        context = Context()
        _entry.queue(batch, self.env, context)
        context.finish()
        done = list(batches.outcome(batch))
        return QueueResult(
            [body for body, each in zip(given, done, strict=True) if each],
            [body for body, each in zip(given, done, strict=True) if not each],
        )

    def get(self, url: str, **options: Any) -> Response:
        """Ask by GET; the options are those of ``request``."""
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Any) -> Response:
        """Ask by HEAD."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Any) -> Response:
        """Ask by OPTIONS."""
        return self.request("OPTIONS", url, **options)

    def post(self, url: str, **options: Any) -> Response:
        """Ask by POST."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> Response:
        """Ask by PUT."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Any) -> Response:
        """Ask by PATCH."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Any) -> Response:
        """Ask by DELETE."""
        return self.request("DELETE", url, **options)


def _quoted(text: str) -> str:
    """A name in the head of a part, as browsers write it."""
    return '"' + text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A") + '"'


def _file_part(name: str, file: File) -> tuple[str, bytes]:
    """Head and content."""
    filename, content, kind = (*file, None)[:3] if isinstance(file, tuple) else (None, file, None)
    read = content if isinstance(content, (bytes, str)) else content.read()
    if filename is None:
        named = getattr(content, "name", None)
        filename = PurePath(named).name if isinstance(named, str) else "upload"
    kind = kind or mimetypes.guess_type(filename)[0] or "application/octet-stream"
    disposition = f"form-data; name={_quoted(name)}; filename={_quoted(filename)}"
    return f"{disposition}\r\nContent-Type: {kind}", read.encode() if isinstance(read, str) else read


def _multipart(content: Any, data: Any, json: Any, files: Files) -> tuple[bytes, str]:
    if content is not None or json is not None or isinstance(data, (bytes, str)):
        raise TypeError("files go with fields of data, and with no other content")
    parts = [(f"form-data; name={_quoted(name)}", str(value).encode()) for name, value in _pairs(data)]
    for name, value in files.items() if isinstance(files, Mapping) else files:
        parts.extend(_file_part(name, each) for each in (value if isinstance(value, list) else [value]))
    boundary = secrets.token_hex(16)
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: {head}\r\n\r\n".encode() + each + b"\r\n" for head, each in parts
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _body(content: Any, data: Any, json: Any) -> tuple[bytes | None, str | None]:
    """The body and its Content-Type. Raises TypeError when more than one is given."""
    if sum(each is not None for each in (content, data, json)) > 1:
        raise TypeError("a request has one body: give json, data or content")
    if json is not None:
        return json_module.dumps(json).encode(), "application/json"
    if data is not None and not isinstance(data, (bytes, str)):
        return urlencode(_pairs(data)).encode(), "application/x-www-form-urlencoded"
    given = content if data is None else data
    if isinstance(given, str):
        return given.encode(), "text/plain;charset=utf-8"
    if given is None or isinstance(given, bytes):
        return given, None
    raise TypeError(f"the content of a request is bytes or text, not {type(given).__name__}")
