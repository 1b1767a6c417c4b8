from workers import Request, Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request: Request) -> Response:
        return Response("hello, world\n")

    async def test(self) -> None:
        """What workerd runs before it saves a snapshot."""
