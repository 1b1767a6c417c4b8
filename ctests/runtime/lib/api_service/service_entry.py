"""The Worker that the one of ../api_worker calls: a class with an entrypoint beside it."""

from blockon import JSONResponse, StreamingResponse, WorkerEntrypoint, env

ASKED = env.GREETING


class Default(WorkerEntrypoint):
    def fetch(self, request):
        if request.path == "/pieces":
            return StreamingResponse(f"{number}\n" for number in range(3))
        return JSONResponse(
            {"method": request.method, "path": request.path, "body": request.text(), "type": request.headers["x-type"]},
            203,
            {"x-answer": "yes"},
        )

    def props(self):
        return self.ctx.props

    async def add(self, *numbers):
        return sum(numbers)

    def echo(self, value):
        return value

    def greeting(self):
        return ASKED

    def fail(self, text):
        raise LookupError(text)

    def unsendable(self):
        return object()

    def _hidden(self):
        return "hidden"


class Admin(WorkerEntrypoint):
    def props(self):
        return self.ctx.props

    def name(self):
        return type(self).__name__ + self.env.GREETING[:5]
