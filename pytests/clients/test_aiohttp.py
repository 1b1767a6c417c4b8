"""aiohttp alone: sessions, cookies, times, and WebSockets."""

from __future__ import annotations

import asyncio
import io
import json
import ssl
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
from adapters import TIMEOUT

AUTHORITY = str(Path(__file__).parent.parent / "tls" / "authority.pem")


@pytest.fixture
def socket_url(server: str) -> str:
    return server.replace("http:", "ws:")


async def test_get(server: str) -> None:
    async with aiohttp.ClientSession(server, headers={"X-Mine": "yes"}) as session:
        async with session.get("/echo", params={"a": "1 2"}) as response:
            assert (response.status, response.reason, response.method) == (200, "OK", "GET")
            assert (response.content_type, response.charset, response.get_encoding()) == (
                "application/json",
                None,
                "utf-8",
            )
            assert str(response.url) == f"{server}/echo?a=1+2"
            echoed = await response.json()
        assert echoed["headers"][echoed["headers"].index("X-Mine") + 1] == "yes"
        async with session.get("/status?code=404") as response:
            with pytest.raises(aiohttp.ClientResponseError, match="404, message='Not Found'"):
                response.raise_for_status()
            with pytest.raises(aiohttp.ContentTypeError):
                await response.json()


async def parts() -> AsyncIterator[bytes]:
    for part in (b"pay", b"load"):
        await asyncio.sleep(0)
        yield part


async def test_bodies(server: str) -> None:
    async with aiohttp.ClientSession(server) as session:

        async def body(**options: object) -> str:
            async with session.post("/echo", **options) as response:  # type: ignore[arg-type]
                text: str = (await response.json())["body"]
                return text

        assert await body(json={"a": 1}) == '{"a": 1}'
        assert await body(data={"a": "1 2"}) == "a=1+2"
        assert await body(data=parts()) == "payload"
        assert await body(data=io.BytesIO(b"payload")) == "payload"
        form = aiohttp.FormData()
        form.add_field("f", b"content", filename="name", content_type="text/plain")
        assert 'name="f"; filename="name"\r\n\r\ncontent\r\n' in await body(data=form)
        packed = await body(data=b"payload" * 100, compress="deflate")
        assert zlib.decompress(packed.encode("latin-1")) == b"payload" * 100


async def test_cookies(server: str) -> None:
    jar = aiohttp.CookieJar(unsafe=True)  # which takes those of addresses
    async with aiohttp.ClientSession(server, cookie_jar=jar, cookies={"mine": "0"}) as session:
        async with session.get("/cookies") as response:
            assert {name: each.value for name, each in response.cookies.items()} == {"a": "1", "b": "2"}
        async with session.get("/cookies") as response:
            assert sorted((await response.text()).split("; ")) == ["a=1", "b=2", "mine=0"]
        session.cookie_jar.clear()
        async with session.get("/cookies") as response:
            assert await response.text() == ""


async def test_redirects(server: str) -> None:
    async with aiohttp.ClientSession(server) as session:
        async with session.get("/redirect") as response:
            assert [each.status for each in response.history] == [302]
            assert response.url.query_string == "redirected"
        async with session.get("/redirect", allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (302, "/echo?redirected")


async def test_passwords(server: str) -> None:
    header = {"Authorization": aiohttp.encode_basic_auth("user", "pass")}
    async with aiohttp.ClientSession(server) as session, session.get("/echo", headers=header) as response:
        headers = (await response.json())["headers"]
    assert headers[headers.index("Authorization") + 1] == "Basic dXNlcjpwYXNz"
    digest = aiohttp.DigestAuthMiddleware("user", "pass")
    async with aiohttp.ClientSession(server, middlewares=(digest,)) as session, session.get("/digest") as response:
        assert response.status == 200


@pytest.mark.parametrize("limit", ["total", "sock_read"])
@pytest.mark.parametrize("path", ["/slow-head", "/slow-body"])
async def test_time_limits(server: str, path: str, limit: str) -> None:
    async with aiohttp.ClientSession(server) as session:
        with pytest.raises(TimeoutError) as caught:
            async with session.get(f"{path}?ms=20000", timeout=aiohttp.ClientTimeout(**{limit: 0.2})) as response:
                await response.read()
        assert isinstance(caught.value, aiohttp.ServerTimeoutError) == (limit == "sock_read")
        async with session.get("/slow-head?ms=20", timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as response:
            assert await response.text() == "late"


async def test_the_pool_has_a_time_limit(server: str) -> None:
    async with aiohttp.ClientSession(server, connector=aiohttp.TCPConnector(limit=1)) as session:
        async with session.get("/large"):
            with pytest.raises(aiohttp.ConnectionTimeoutError):
                await session.get("/echo", timeout=aiohttp.ClientTimeout(connect=0.1))
        async with session.get("/echo") as response:
            assert response.status == 200


async def test_many_at_once(server: str) -> None:
    async with aiohttp.ClientSession(server) as session:

        async def get() -> int:
            async with session.get("/gathered?count=50") as response:
                number: int = json.loads(await response.text())["number"]
                return number

        assert len(set(await asyncio.gather(*(get() for _ in range(50))))) == 50


async def test_tracing(server: str) -> None:
    seen: list[str] = []
    tracing = aiohttp.TraceConfig()

    def note(name: str) -> Callable[..., object]:
        async def noted(*_: object) -> None:
            seen.append(name)

        return noted

    for name in ("on_request_start", "on_connection_create_end", "on_connection_reuseconn", "on_request_end"):
        getattr(tracing, name).append(note(name))
    async with aiohttp.ClientSession(server, trace_configs=[tracing]) as session:
        for _ in range(2):
            async with session.get("/echo") as response:
                await response.read()
    first = ["on_request_start", "on_connection_create_end", "on_request_end"]
    assert seen == [*first, "on_request_start", "on_connection_reuseconn", "on_request_end"]


async def exchanges(socket: aiohttp.ClientWebSocketResponse) -> None:
    for text in ("", "héllo", "x" * 125, "x" * 126, "x" * 60_000):
        await socket.send_str(text)
        assert await socket.receive_str(timeout=TIMEOUT) == text
    await socket.send_bytes(bytes(range(256)))
    assert await socket.receive_bytes(timeout=TIMEOUT) == bytes(range(256))
    await socket.send_json({"a": 1})
    assert await socket.receive_json(timeout=TIMEOUT) == {"a": 1}


async def test_websockets(socket_url: str) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(socket_url, protocols=["chat"]) as socket:
        assert socket.protocol == "chat"
        await exchanges(socket)
        assert not socket.closed
        await socket.close(code=4001)
        assert (socket.closed, socket.close_code) == (True, 4001)


async def test_websockets_over_tls(other: Callable[..., str]) -> None:
    context = ssl.create_default_context(cafile=AUTHORITY)
    url = other("secure", certificate="server").replace("https:", "wss:")
    async with aiohttp.ClientSession() as session, session.ws_connect(url, ssl=context) as socket:
        await exchanges(socket)
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.ws_connect(url)


async def test_what_a_websocket_tells(socket_url: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(socket_url, autoping=False) as socket:
            await socket.send_str("ping")
            message = await socket.receive(timeout=TIMEOUT)
            assert (message.type, message.data) == (aiohttp.WSMsgType.PING, b"you")
            await socket.pong(message.data)
            assert await socket.receive_str(timeout=TIMEOUT) == "pong you"
            await socket.send_str("close")
            message = await socket.receive(timeout=TIMEOUT)
            assert (message.type, message.data, message.extra) == (aiohttp.WSMsgType.CLOSE, 4000, "enough")
        async with session.ws_connect(socket_url) as socket:
            for text in ("one", "two", "close"):
                await socket.send_str(text)
            assert [message.data async for message in socket] == ["one", "two"]
            assert socket.close_code == 4000
        async with session.ws_connect(socket_url) as socket:
            await socket.send_str("drop")
            message = await socket.receive(timeout=TIMEOUT)
            assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
            assert socket.close_code == 1006
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403, message='Invalid response status'"):
            await session.ws_connect(f"{socket_url}/refused")


async def test_waits_of_a_websocket_end(socket_url: str) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(socket_url) as socket:
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.1)
        await socket.send_str("still there")
        assert await socket.receive_str(timeout=TIMEOUT) == "still there"
        waiting = asyncio.ensure_future(socket.receive())
        await asyncio.sleep(0.02)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with aiohttp.ClientSession() as session, session.ws_connect(socket_url, heartbeat=0.05) as socket:
        await asyncio.sleep(0.3)
        assert not socket.closed
    await asyncio.sleep(0.1)  # aiohttp's timer of the next ping outlives the connection


@pytest.mark.parametrize("kind", ["plain", "tls"])
async def test_websockets_through_a_proxy(other: Callable[..., str], kind: str) -> None:
    context = ssl.create_default_context(cafile=AUTHORITY)
    url = other("secure", certificate="server").replace("https:", "wss:")
    proxy = other("proxy", name=kind)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, ssl=context, proxy=proxy) as socket,
    ):
        await exchanges(socket)
