from fastapi import FastAPI
from pydantic import BaseModel
from workers import asgi

app = FastAPI()


class Numbers(BaseModel):
    values: list[float]


@app.get("/")
async def hello():
    return {"message": "Hello from FastAPI"}


# A plain `def`: it may block, and other requests go on meanwhile.
@app.post("/add")
def add(numbers: Numbers):
    return {"sum": sum(numbers.values)}


Default = asgi.entrypoint(app)
