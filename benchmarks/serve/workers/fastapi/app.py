"""A JSON endpoint: a path, a query and a model, as most endpoints have them. The same file on CPython under uvicorn."""

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Item(BaseModel):
    """What the endpoint returns."""

    id: int
    name: str
    price: float
    tags: list[str]


@app.get("/items/{number}")
async def item(number: int, q: str = "none") -> Item:
    return Item(id=number, name=f"item {number}", price=number * 1.5, tags=["a", "b", q])


class Line(BaseModel):
    item: str
    count: int
    price: float | None = None


class Order(BaseModel):
    """What is posted."""

    lines: list[Line]
    note: str = ""


class Receipt(BaseModel):
    number: int
    pieces: int
    urgent: bool
    lines: list[Line]


@app.post("/orders/{number}")
def order(number: int, order: Order, urgent: bool = False) -> Receipt:
    return Receipt(number=number, pieces=sum(line.count for line in order.lines), urgent=urgent, lines=order.lines)
