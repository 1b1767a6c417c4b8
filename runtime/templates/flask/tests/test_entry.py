def test_hello(client):
    response = client.get("/")
    assert response.status_code == 200
    assert response.json() == {"message": "Hello from Flask"}


def test_add(client):
    assert client.post("/add", json=[1, 2, 3]).json() == {"sum": 6}


def test_an_unknown_path(client):
    assert client.get("/nothing").status_code == 404
