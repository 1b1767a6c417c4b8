"""Processes, of which there are none, and what of multiprocessing works among threads."""

from __future__ import annotations

import concurrent.futures
import errno
import multiprocessing
import multiprocessing.dummy
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable
from multiprocessing.pool import ThreadPool

import pytest
from slices import INTERVAL, compute

REFUSED: dict[str, Callable[[], object]] = {
    "subprocess.run": lambda: subprocess.run(["ls", "-l"], check=False),
    "subprocess.Popen": lambda: subprocess.Popen("ls", shell=True),
    "os.popen": lambda: os.popen("ls"),
    "Process": lambda: multiprocessing.Process(target=int).start(),
    "Pool": lambda: multiprocessing.Pool(1),
    "Manager": multiprocessing.Manager,
}


@pytest.mark.parametrize("start", REFUSED.values(), ids=REFUSED)
def test_no_process_starts_and_the_error_says_why(start: Callable[[], object]) -> None:
    with pytest.raises(OSError, match="has one process and can start no other") as caught:
        start()
    assert caught.value.errno == errno.ENOTSUP


def test_the_error_names_the_program_or_what_to_use() -> None:
    with pytest.raises(OSError, match=r"subprocess cannot start \['ls', '-l'\]"):
        REFUSED["subprocess.run"]()
    with pytest.raises(OSError, match="ThreadPoolExecutor"):
        REFUSED["Process"]()
    with (
        pytest.raises(OSError, match="ThreadPoolExecutor"),
        concurrent.futures.ProcessPoolExecutor(1) as pool,
    ):
        pool.submit(int)


def square(number: int) -> int:
    time.sleep(0.001)
    return number * number


def test_pools_of_threads() -> None:
    barrier = threading.Barrier(3)
    with ThreadPool(3) as pool:
        assert pool.map(square, range(10)) == [i * i for i in range(10)]
        assert sorted(pool.imap_unordered(square, range(10))) == [i * i for i in range(10)]
        assert pool.starmap(pow, [(2, 3), (3, 2)]) == [8, 9]
        assert len(set(pool.map(lambda _: (barrier.wait(20), threading.get_ident())[1], range(3), chunksize=1))) == 3
        with pytest.raises(ZeroDivisionError):
            pool.apply(lambda: 1 // 0)
        with pytest.raises(multiprocessing.TimeoutError):
            pool.apply_async(time.sleep, (0.2,)).get(0.001)
        pool.close()
        pool.join()


def test_dummy_processes_are_threads() -> None:
    items = multiprocessing.dummy.Queue()
    processes = [multiprocessing.dummy.Process(target=items.put, args=(i,)) for i in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert sorted(items.get() for _ in range(3)) == [0, 1, 2]
    with multiprocessing.dummy.Pool(2) as pool:
        assert pool.map(square, [1, 2, 3]) == [1, 4, 9]
        pool.close()
        pool.join()


def test_locks_of_processes_work_among_threads() -> None:
    lock = multiprocessing.Lock()
    assert lock.acquire()
    assert not lock.acquire(timeout=0.001)
    assert not lock.acquire(block=False)
    lock.release()
    with pytest.raises(ValueError, match="released too many times"):
        lock.release()
    recursive = multiprocessing.RLock()
    with recursive, recursive:
        taken: list[bool] = []
        thread = threading.Thread(target=lambda: taken.append(recursive.acquire(timeout=0.001)))
        thread.start()
        thread.join()
        assert taken == [False]
    with pytest.raises(AssertionError, match="not owned"):
        recursive.release()
    semaphore = multiprocessing.Semaphore(2)
    assert [semaphore.acquire(block=False) for _ in range(3)] == [True, True, False]


@pytest.mark.usefixtures("short_slices")
def test_a_lock_of_processes_is_one_threads() -> None:
    """One that has just let go of it is not taken for the one that is just getting it."""
    lock = multiprocessing.RLock()
    inside = 0

    def body() -> None:
        nonlocal inside
        for _ in range(300):
            with lock, lock:
                inside += 1
                assert inside == 1
                compute(INTERVAL / 20)
                inside -= 1

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert [each.result() for each in [pool.submit(body) for _ in range(3)]] == [None] * 3


def test_queues_and_pipes_of_processes_work_among_threads() -> None:
    items: multiprocessing.SimpleQueue[int] = multiprocessing.SimpleQueue()
    thread = threading.Timer(0.005, items.put, [7])
    thread.start()
    assert items.get() == 7
    thread.join()
    items.close()
    fed: multiprocessing.Queue[str] = multiprocessing.Queue()
    with pytest.raises(queue.Empty):
        fed.get(timeout=0.001)
    fed.put("item")
    assert fed.get(timeout=20) == "item"
    fed.close()
    fed.join_thread()
    one, other = multiprocessing.Pipe()
    with one, other:
        one.send({"a": 1})
        assert other.poll(20)
        assert other.recv() == {"a": 1}


def test_a_pipe_waits_for_its_other_end() -> None:
    readable, writable = os.pipe()
    thread = threading.Timer(0.005, os.write, [writable, b"bytes"])
    thread.start()
    assert os.read(readable, 100) == b"bytes"
    thread.join()
    os.close(writable)
    assert os.read(readable, 100) == b""
    os.close(readable)


def test_a_pipe_that_nobody_reads_from_is_broken() -> None:
    readable, writable = os.pipe()
    os.close(readable)
    with pytest.raises(BrokenPipeError):
        os.write(writable, b"x")
    os.close(writable)


def test_a_pipe_has_two_ends_as_files_and_no_third_direction() -> None:
    readable, writable = os.pipe()
    with os.fdopen(readable, "rb") as source:
        with os.fdopen(writable, "wb") as sink:
            sink.write(b"line\nrest")
        assert source.readline() == b"line\n"
        assert source.read() == b"rest"
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    with pytest.raises(BlockingIOError):
        os.read(readable, 1)
    os.close(readable)
    os.close(writable)
