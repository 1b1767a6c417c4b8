def test_notes_are_kept(client):
    assert client.put("/notes/one", json={"text": "first"}).status_code == 201
    assert client.get("/notes/one").json() == {"name": "one", "text": "first"}
    assert client.get("/notes").json() == ["one"]
    assert client.delete("/notes/one").json() == {"deleted": "one"}


# Each test begins with empty KV namespaces.
def test_what_is_not_there(client):
    assert client.get("/notes").json() == []
    assert client.get("/notes/one").status_code == 404
    assert client.get("/other").status_code == 404


def test_what_is_no_note(client):
    for content in ("text", "[]", "{}"):
        assert client.put("/notes/one", content=content).status_code == 400
