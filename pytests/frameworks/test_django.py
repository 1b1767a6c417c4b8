"""Django with its ORM on sqlite3: views that are plain and views that await, each from both sides."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import django
import pytest
from django.conf import settings

MEETING = 20.0

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        ROOT_URLCONF=__name__,
        SECRET_KEY="for the tests",
        USE_TZ=True,
    )
    django.setup()

from asgiref.sync import SyncToAsync, async_to_sync, sync_to_async  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.db import connection, connections, models, transaction  # noqa: E402
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse  # noqa: E402
from django.test import AsyncClient, Client, RequestFactory  # noqa: E402
from django.urls import path  # noqa: E402


class Book(models.Model):
    title = models.CharField(max_length=100)
    pages = models.IntegerField(default=0)

    class Meta:
        app_label = "books"


def plain(request: HttpRequest, title: str) -> JsonResponse:
    book, made = Book.objects.get_or_create(title=title, defaults={"pages": len(title)})
    return JsonResponse({"pages": book.pages, "made": made, "thread": threading.get_ident()})


async def awaiting(request: HttpRequest, title: str) -> JsonResponse:
    await asyncio.sleep(0.001)
    book, made = await Book.objects.aget_or_create(title=title, defaults={"pages": len(title)})
    return JsonResponse({"pages": book.pages, "made": made})


def streaming(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(f"{book.title};" for book in Book.objects.order_by("title"))


urlpatterns = [
    path("plain/<title>", plain),
    path("awaiting/<title>", awaiting),
    path("streaming", streaming),
]


@pytest.fixture(scope="module", autouse=True)
def _executor_thread() -> Iterator[None]:
    """That of sync_to_async stays when a test has ended: it is there before any, and ends behind the last."""
    SyncToAsync.single_thread_executor.submit(int).result()
    yield
    SyncToAsync.single_thread_executor.shutdown()


def make_database(file: Path) -> None:
    connection.settings_dict["NAME"] = str(file)
    with connection.schema_editor() as editor:
        editor.create_model(Book)
    connections.close_all()


@pytest.fixture(autouse=True)
def database(tmp_path: Path) -> Iterator[None]:
    """A file, since each thread has a connection of its own; made in a thread, as Django refuses where a loop runs."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(make_database, tmp_path / "books.sqlite3").result()
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


def titles() -> list[str]:
    return list(Book.objects.order_by("title").values_list("title", flat=True))


def test_the_orm_writes_and_rolls_back() -> None:
    Book.objects.create(title="one", pages=1)
    with pytest.raises(LookupError), transaction.atomic():
        Book.objects.create(title="two", pages=2)
        raise LookupError
    Book.objects.filter(title="one").update(pages=models.F("pages") + 10)
    assert [(book.title, book.pages) for book in Book.objects.all()] == [("one", 11)]


def test_threads_have_their_own_connections() -> None:
    barrier = threading.Barrier(4)
    seen: list[int] = []

    def write(number: int) -> None:
        try:
            barrier.wait(MEETING)
            Book.objects.create(title=f"thread {number}")
            seen.append(id(connection.connection))
            barrier.wait(MEETING)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert titles() == [f"thread {i}" for i in range(4)]
    assert len(set(seen)) == 4


def test_a_plain_client_asks_both_kinds_of_view() -> None:
    client = Client()
    assert client.get("/plain/abc").json()["made"] is True
    assert client.get("/awaiting/abc").json() == {"pages": 3, "made": False}
    assert b"".join(client.get("/streaming").streaming_content) == b"abc;"
    assert client.get("/nowhere").status_code == 404


async def test_an_async_client_asks_both_kinds_of_view() -> None:
    client = AsyncClient()
    assert (await client.get("/awaiting/abcd")).json() == {"pages": 4, "made": True}
    answer = (await client.get("/plain/abcd")).json()
    assert (answer["pages"], answer["made"]) == (4, False)


async def test_the_async_orm() -> None:
    await Book.objects.acreate(title="b", pages=2)
    await Book.objects.acreate(title="a", pages=1)
    assert [book.title async for book in Book.objects.order_by("title")] == ["a", "b"]
    assert await Book.objects.filter(pages__gt=1).acount() == 1
    assert (await Book.objects.aaggregate(models.Sum("pages")))["pages__sum"] == 3


async def test_plain_code_calls_coroutines_that_call_plain_code() -> None:
    def inner(word: str) -> str:
        return word.upper()

    async def middle(word: str) -> str:
        return await sync_to_async(inner)(word) + "!"

    def outer() -> str:
        return async_to_sync(middle)("word")

    assert await sync_to_async(outer)() == "WORD!"


def test_async_to_sync_from_a_thread() -> None:
    results: list[str] = []

    async def work() -> str:
        await asyncio.sleep(0.001)
        return "done"

    thread = threading.Thread(target=lambda: results.append(async_to_sync(work)()))
    thread.start()
    thread.join()
    assert results == ["done"]


def test_a_call_of_the_wsgi_application() -> None:
    status: list[str] = []
    environ = RequestFactory().get("/plain/wsgi").environ
    response = WSGIHandler()(environ, lambda line, _headers: status.append(line))
    assert status == ["200 OK"]
    assert b'"made": true' in b"".join(response)
    response.close()
