"""An API of FastAPI with pydantic's models; its endpoints may block.

curl 'http://127.0.0.1:8787/notes' -H 'content-type: application/json' -d '{"text": "buy milk", "tags": ["home"]}'
curl 'http://127.0.0.1:8787/notes/1'
"""

import itertools
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field
from workers import asgi


class Draft(BaseModel):
    text: str = Field(min_length=1, max_length=200)
    tags: set[str] = set()


class Note(Draft):
    id: int


@asynccontextmanager
async def lifespan(app):
    # Once for each interpreter, before the first request.
    app.state.notes = {}
    app.state.ids = itertools.count(1)
    yield
    app.state.notes.clear()


app = FastAPI(lifespan=lifespan)


def notes(request: Request):
    return request.app.state.notes


Notes = Annotated[dict, Depends(notes)]


@app.post("/notes", status_code=201)
async def create(draft: Draft, request: Request, notes: Notes) -> Note:
    note = Note(id=next(request.app.state.ids), **draft.model_dump())
    notes[note.id] = note
    return note


@app.get("/notes/{number}")
def read(number: int, notes: Notes) -> Note:  # a plain function runs on a thread
    if number not in notes:
        raise HTTPException(404, f"there is no note {number}")
    return notes[number]


@app.get("/greeting")
async def greeting(request: Request):
    return {"greeting": request.scope["env"].GREETING}


Default = asgi.entrypoint(app)
