from datetime import UTC, datetime


def test_a_report_is_written(client):
    assert client.get("/").text == "no report yet\n"
    client.scheduled("0 0 * * *", datetime(2026, 11, 29, tzinfo=UTC))
    assert client.get("/").text == "2026-11-29: all is well\n"
