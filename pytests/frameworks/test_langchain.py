"""langchain-core: batches run in threads, each call with the context and the callbacks of its caller."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool

MEETING = 20.0


def test_a_batch_runs_at_once() -> None:
    barrier = threading.Barrier(4)

    def meet(number: int) -> int:
        barrier.wait(MEETING)
        return number * number

    assert RunnableLambda(meet).batch([1, 2, 3, 4]) == [1, 4, 9, 16]


def test_a_batch_keeps_to_its_concurrency() -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def work(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.002)
        with lock:
            running -= 1
        return number

    assert RunnableLambda(work).batch(list(range(12)), {"max_concurrency": 3}) == list(range(12))
    assert 1 < most <= 3


def test_what_fails_in_a_batch_is_given_back_or_raised() -> None:
    def invert(number: int) -> float:
        time.sleep(0.001)
        return 1 / number

    runnable = RunnableLambda(invert)
    first, second = runnable.batch([1, 0], return_exceptions=True)
    assert first == 1
    assert isinstance(second, ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        runnable.batch([1, 0])


def test_parallel_steps_meet() -> None:
    barrier = threading.Barrier(2)

    def meet(word: str) -> str:
        barrier.wait(MEETING)
        return word.upper()

    assert RunnableParallel(one=meet, two=meet).invoke("a") == {"one": "A", "two": "A"}


class Log(BaseCallbackHandler):
    def __init__(self) -> None:
        self.tokens: list[str] = []

    def on_llm_new_token(self, token: str, **_: Any) -> None:
        self.tokens.append(token)


def chain(*answers: str) -> Any:
    model = GenericFakeChatModel(messages=iter([AIMessage(answer) for answer in answers]))
    return ChatPromptTemplate.from_messages([("human", "{question}")]) | model | StrOutputParser()


def test_a_chain_answers_and_streams() -> None:
    log = Log()
    assert chain("blue sky").invoke({"question": "why?"}) == "blue sky"
    assert "".join(chain("blue sky").stream({"question": "why?"}, {"callbacks": [log]})) == "blue sky"
    assert "".join(log.tokens) == "blue sky"


async def test_plain_steps_of_an_async_chain_run_in_threads() -> None:
    threads: list[int] = []

    def shout(word: str) -> str:
        threads.append(threading.get_ident())
        time.sleep(0.001)
        return word.upper()

    assert await (chain("blue") | RunnableLambda(shout)).ainvoke({"question": "why?"}) == "BLUE"
    assert threading.get_ident() not in threads


async def test_a_plain_tool_is_awaited() -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        time.sleep(0.001)
        return a + b

    assert add.invoke({"a": 1, "b": 2}) == 3
    assert await add.ainvoke({"a": 1, "b": 2}) == 3
