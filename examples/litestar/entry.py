"""A Litestar application with a data class for its bodies.

curl 'http://127.0.0.1:8787/orders' -H 'content-type: application/json' -d '{"item": "tea", "count": 2}'
"""

from dataclasses import dataclass

from litestar import Litestar, get, post
from workers import asgi


@dataclass
class Order:
    item: str
    count: int = 1


@post("/orders")
async def order(data: Order) -> dict[str, str]:
    return {"ordered": f"{data.count} x {data.item}"}


@get("/orders/{number:int}", sync_to_thread=True)
def find(number: int) -> dict[str, int]:
    return {"number": number}


Default = asgi.entrypoint(Litestar([order, find], openapi_config=None))
