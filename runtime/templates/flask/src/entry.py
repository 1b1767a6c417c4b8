from flask import Flask, request
from workers import wsgi

app = Flask(__name__)


@app.get("/")
def hello():
    return {"message": "Hello from Flask"}


@app.post("/add")
def add():
    numbers = request.get_json()
    return {"sum": sum(numbers)}


Default = wsgi.entrypoint(app)
