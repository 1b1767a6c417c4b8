"""OpenAI's client: the answer of a model, whole or as it comes.

curl 'http://127.0.0.1:8787/?ask=why'            by the client that blocks
curl -N 'http://127.0.0.1:8787/stream?ask=why'   word by word, by the client that awaits

Both ask the small server that is started with the example; with OPENAI_API_KEY in `.dev.vars`, OpenAI's.
"""

from openai import APIStatusError, AsyncOpenAI, OpenAI
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route
from workers import asgi

MODEL = "gpt-4o-mini"


def settings(request):
    env = request.scope["env"]
    key = getattr(env, "OPENAI_API_KEY", None)
    return {"api_key": key} if key else {"api_key": "none", "base_url": env.DEV_UPSTREAM}


def messages(request):
    return [{"role": "user", "content": request.query_params.get("ask", "who are you?")}]


def whole(request):  # a plain function runs on a thread
    try:
        answer = OpenAI(**settings(request)).chat.completions.create(model=MODEL, messages=messages(request))
    except APIStatusError as error:
        return JSONResponse({"error": str(error)}, status_code=502)
    return JSONResponse({"answer": answer.choices[0].message.content, "tokens": answer.usage.total_tokens})


async def stream(request):
    client = AsyncOpenAI(**settings(request))
    chunks = await client.chat.completions.create(model=MODEL, messages=messages(request), stream=True)

    async def words():
        async for chunk in chunks:
            if chunk.choices and chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    return StreamingResponse(words(), media_type="text/plain")


Default = asgi.entrypoint(Starlette(routes=[Route("/", whole), Route("/stream", stream)]))
