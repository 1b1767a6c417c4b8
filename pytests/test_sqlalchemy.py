"""SQLAlchemy's asyncio, which runs its synchronous core in greenlets, over aiosqlite, which runs SQLite in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import greenlet
import pytest
from pyodide.ffi import run_sync
from sqlalchemy import ForeignKey, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncAttrs, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.pool import StaticPool
from sqlalchemy.util import await_only, greenlet_spawn


class Base(AsyncAttrs, DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    books: Mapped[list[Book]] = relationship(back_populates="author", order_by="Book.id")


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))
    author: Mapped[Author] = relationship(back_populates="books")


@asynccontextmanager
async def database() -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    try:
        yield engine
    finally:
        await engine.dispose()


def with_database(program: Callable[[AsyncEngine], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with database() as engine:
            return await program(engine)

    return run_sync(run())


async def numbers(engine: AsyncEngine) -> list[int]:
    async with engine.connect() as connection:
        rows = await connection.stream(text("select 1 union select 2 union select 3 order by 1"))
        return [row[0] async for row in rows]


def test_a_connection() -> None:
    assert with_database(numbers) == [1, 2, 3]


def test_a_session() -> None:
    async def program(engine: AsyncEngine) -> list[str]:
        sessions = async_sessionmaker(engine, expire_on_commit=True)
        async with sessions() as session, session.begin():
            session.add(Author(name="Ada", books=[Book(title="Notes"), Book(title="Sketches")]))
        async with sessions() as session:
            author = (await session.scalars(select(Author))).one()
            await session.commit()
            await session.refresh(author)
            return [book.title for book in await author.awaitable_attrs.books]

    assert with_database(program) == ["Notes", "Sketches"]


def test_an_error_comes_out_of_the_greenlet() -> None:
    async def program(engine: AsyncEngine) -> int:
        sessions = async_sessionmaker(engine)
        async with sessions() as session:
            session.add_all([Author(name="Ada"), Author(name="Ada")])
            with pytest.raises(IntegrityError):
                await session.commit()
            await session.rollback()
            return (await session.scalars(select(func.count()).select_from(Author))).one()

    assert with_database(program) == 0


def test_many_tasks() -> None:
    async def add(number: int) -> int:
        async with database() as engine:
            sessions = async_sessionmaker(engine)
            async with sessions() as session:
                session.add(Author(name="Ada", books=[Book(title=f"book {each}") for each in range(number)]))
                await session.commit()
            async with sessions() as session:
                return (await session.scalars(select(func.count()).select_from(Book))).one()

    async def program() -> list[int]:
        return await asyncio.gather(*(add(number) for number in range(10)))

    assert run_sync(program()) == list(range(10))


def test_run_sync() -> None:
    async def program(engine: AsyncEngine) -> list[str]:
        async with AsyncSession(engine) as session:

            def synchronous(session: Any) -> list[str]:
                session.add(Author(name="Ada", books=[Book(title="Notes")]))
                session.commit()
                return [book.title for book in session.scalars(select(Author)).one().books]

            return await session.run_sync(synchronous)

    assert with_database(program) == ["Notes"]


def test_a_coroutine_in_a_greenlet() -> None:
    """SQLAlchemy's own tools, with waits of both kinds in one function."""

    def synchronous(value: int) -> int:
        run_sync(asyncio.sleep(0.001))
        return int(await_only(asyncio.sleep(0.001, value))) + int(run_sync(asyncio.sleep(0, 1)))

    async def program() -> list[int]:
        return await asyncio.gather(*(greenlet_spawn(synchronous, value) for value in range(10)))

    assert run_sync(program()) == list(range(1, 11))
    assert greenlet.getcurrent().parent is None
