"""A Flask application: each request has a thread, so that its views may block.

curl 'http://127.0.0.1:8787/hello/you?times=2'
curl 'http://127.0.0.1:8787/upload' --data-binary @entry.py
curl -N 'http://127.0.0.1:8787/count/5'
"""

import hashlib
import time

from flask import Flask, abort, jsonify, request
from workers import wsgi

app = Flask(__name__)


@app.get("/hello/<name>")
def hello(name):
    times = request.args.get("times", 1, type=int)
    if times > 10:
        abort(400, "not so often")
    return "\n".join([f"hello, {name}"] * times)


@app.post("/upload")
def upload():
    digest = hashlib.sha256()
    size = 0
    while piece := request.stream.read(64 * 1024):  # as it comes
        digest.update(piece)
        size += len(piece)
    return jsonify(size=size, sha256=digest.hexdigest())


@app.get("/count/<int:last>")
def count(last):
    def lines():
        for number in range(1, last + 1):
            yield f"{number}\n"
            time.sleep(0.1)

    return lines(), {"content-type": "text/plain"}


Default = wsgi.entrypoint(app)
