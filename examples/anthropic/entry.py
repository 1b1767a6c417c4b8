"""Anthropic's client: the answer of a model, whole or as it comes.

curl 'http://127.0.0.1:8787/?ask=why'            by the client that blocks
curl -N 'http://127.0.0.1:8787/stream?ask=why'   word by word, by the client that awaits

Both ask the small server that is started with the example; with ANTHROPIC_API_KEY in `.dev.vars`, Anthropic's.
"""

from anthropic import Anthropic, APIStatusError, AsyncAnthropic
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route
from workers import asgi


def settings(request):
    env = request.scope["env"]
    key = getattr(env, "ANTHROPIC_API_KEY", None)
    return {"api_key": key} if key else {"api_key": "none", "base_url": env.DEV_UPSTREAM}


def question(request):
    asked = request.query_params.get("ask", "who are you?")
    return {"model": "claude-haiku-4-5", "max_tokens": 200, "messages": [{"role": "user", "content": asked}]}


def whole(request):  # a plain function runs on a thread
    try:
        answer = Anthropic(**settings(request)).messages.create(**question(request))
    except APIStatusError as error:
        return JSONResponse({"error": str(error)}, status_code=502)
    text = "".join(block.text for block in answer.content if block.type == "text")
    return JSONResponse({"answer": text, "tokens": answer.usage.output_tokens})


async def stream(request):
    async def words():
        async with AsyncAnthropic(**settings(request)).messages.stream(**question(request)) as answer:
            async for text in answer.text_stream:
                yield text

    return StreamingResponse(words(), media_type="text/plain")


Default = asgi.entrypoint(Starlette(routes=[Route("/", whole), Route("/stream", stream)]))
