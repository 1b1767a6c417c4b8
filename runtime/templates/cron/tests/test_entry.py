from datetime import UTC, datetime

import entry
from blockon import ScheduledEvent, env


def test_a_report_is_written(client):
    assert client.get("/").text == "no report yet\n"
    entry.scheduled(ScheduledEvent("0 0 * * *", datetime(2026, 11, 29, tzinfo=UTC), lambda: None), env)
    assert client.get("/").text == "2026-11-29: all is well\n"
