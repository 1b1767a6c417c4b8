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
