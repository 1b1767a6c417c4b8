"""An endpoint that blocks: requests.get() of a server that takes 50 ms. The same file on CPython under uvicorn."""

import os

import requests
from fastapi import FastAPI
from requests.adapters import HTTPAdapter

app = FastAPI()
session = requests.Session()
session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=500))


@app.get("/")
def ask(upstream: str = os.environ.get("BENCH_UPSTREAM", "")) -> dict[str, int]:
    return {"bytes": len(session.get(upstream, timeout=30).content)}
