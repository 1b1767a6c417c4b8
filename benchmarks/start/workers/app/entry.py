import fastapi
import httpx
import pydantic
import requests
from workers import Response, WorkerEntrypoint

MODULES = (fastapi, httpx, pydantic, requests)


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("hello, world\n")
