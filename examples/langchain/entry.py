"""A chain of langchain: a prompt, a model that says the same to all, and a parser. Put a real model in its place.

curl 'http://127.0.0.1:8787/?profession=plumber'
curl 'http://127.0.0.1:8787/batch?profession=plumber&profession=baker'   several at once, each on a thread
curl -N 'http://127.0.0.1:8787/stream?profession=plumber'                as it comes
"""

from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route
from workers import asgi

prompt = ChatPromptTemplate.from_template("Complete the following sentence: I am a {profession} and ")
model = FakeListChatModel(responses=["I like what I do. Every day."])
chain = prompt | model | StrOutputParser() | RunnableLambda(lambda text: text.partition(".")[0])


def inputs(request):
    return [{"profession": name} for name in request.query_params.getlist("profession")] or [{"profession": "cook"}]


def one(request):  # a plain function runs on a thread
    return PlainTextResponse(chain.invoke(inputs(request)[0]))


def batch(request):
    return JSONResponse(chain.batch(inputs(request)))


async def stream(request):
    return StreamingResponse((prompt | model | StrOutputParser()).astream(inputs(request)[0]), media_type="text/plain")


Default = asgi.entrypoint(Starlette(routes=[Route("/", one), Route("/batch", batch), Route("/stream", stream)]))
