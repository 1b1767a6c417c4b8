"""Work that goes on beside: futures of requests, a scheduler in the background."""

from __future__ import annotations

import threading
from concurrent.futures import as_completed
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler
from requests_futures.sessions import FuturesSession

MEETING = 20.0


def test_futures_of_requests_run_at_once(server: str) -> None:
    with FuturesSession(max_workers=4) as session:
        futures = [session.get(f"{server}/gathered?count=4&name=futures", timeout=MEETING) for _ in range(4)]
        assert {future.result().status_code for future in as_completed(futures)} == {200}


def test_a_hook_of_a_future_runs_in_its_thread(server: str) -> None:
    def hook(response: object, *_: object, **__: object) -> None:
        response.thread = threading.current_thread().name  # type: ignore[attr-defined]

    with FuturesSession() as session:
        future = session.get(f"{server}/echo", hooks={"response": hook}, timeout=MEETING)
        assert future.result().thread != threading.current_thread().name


def test_a_scheduler_runs_jobs_while_the_main_thread_waits() -> None:
    scheduler = BackgroundScheduler(timezone=UTC)
    times: list[int] = []
    enough = threading.Event()

    def job() -> None:
        times.append(threading.get_ident())
        if len(times) == 3:
            enough.set()

    scheduler.add_job(job, "interval", seconds=0.01)
    scheduler.start()
    try:
        assert enough.wait(MEETING)
    finally:
        scheduler.shutdown()
    assert threading.get_ident() not in times


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_job_that_fails_is_told_and_others_go_on() -> None:
    scheduler = BackgroundScheduler(timezone=UTC)
    failed: list[BaseException] = []
    both = threading.Barrier(3)
    submitted = threading.Event()

    def listen(event: JobExecutionEvent) -> None:
        failed.append(event.exception)
        both.wait(MEETING)

    def fail() -> None:
        # A job that is done before the next is submitted has its listeners called by the scheduler's own thread.
        submitted.wait(MEETING)
        raise LookupError("in a job")

    def meet() -> None:
        submitted.set()
        both.wait(MEETING)

    scheduler.add_listener(listen, EVENT_JOB_ERROR)
    soon = datetime.now(UTC) + timedelta(milliseconds=20)
    scheduler.add_job(fail, "date", run_date=soon)
    scheduler.add_job(meet, "date", run_date=soon)
    scheduler.start()
    try:
        both.wait(MEETING)
    finally:
        scheduler.shutdown()
    assert [str(each) for each in failed] == ["in a job"]
