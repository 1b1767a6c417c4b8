def test_the_page(client):
    response = client.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"


def test_what_is_said_comes_back(client):
    with client.websocket("/") as websocket:
        websocket.send("hello")
        assert websocket.receive() == "You said: hello"
