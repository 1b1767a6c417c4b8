def test_a_request_is_taken(client):
    assert client.get("/").status_code == 202


def test_jobs_are_done(client, capsys):
    assert client.queue("jobs", [{"path": "/a"}, {"path": "/b"}]).retried == []
    assert capsys.readouterr().out == "done: /a\ndone: /b\n"


def test_a_job_may_wait(client):
    result = client.queue("jobs", [{"path": "/later"}, {"path": "/a"}])
    assert (result.retried, result.acked) == ([{"path": "/later"}], [{"path": "/a"}])
