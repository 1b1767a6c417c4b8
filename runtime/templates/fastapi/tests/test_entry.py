def test_hello(client):
    response = client.get("/")
    assert response.status_code == 200
    assert response.json() == {"message": "Hello from FastAPI"}


def test_add(client):
    assert client.post("/add", json={"values": [1, 2.5]}).json() == {"sum": 3.5}


def test_what_is_no_number_is_refused(client):
    assert client.post("/add", json={"values": ["one"]}).status_code == 422
