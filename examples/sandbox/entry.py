"""A code interpreter for a model: Python that nobody has read, in an interpreter of its own, of which nothing stays.

curl 'http://127.0.0.1:8787/?ask=What%20is%20the%20mean%20of%20the%20column%20b'
curl --data-binary 'sum(n * n for n in range(10))' http://127.0.0.1:8787/run

The first has a model write the code, and tells it what the code did until there is an answer; the model is the small
server that is started with the example. The second runs the code that it is sent.
"""

import requests
from blockon import Response, Sandbox, SandboxError, SandboxTimeoutError

TABLE = "a,b\n1,10\n2,20\n3,60\n"
MOST_ATTEMPTS = 3


def run(code):
    """What the code did, for who wrote it: without the network, in at most 5 seconds and 96 MiB."""
    try:
        result = Sandbox().run_blocking(code, timeout=5, memory=96, files={"table.csv": TABLE})
    except SandboxTimeoutError:
        return {"error": "it took longer than 5 seconds"}
    except SandboxError as error:
        return {"error": error.traceback or str(error), "stdout": error.stdout}
    return {"value": result.value, "stdout": result.stdout}


def ask_model(env, messages):
    response = requests.post(f"{env.DEV_UPSTREAM}/code", json={"messages": messages}, timeout=30)
    response.raise_for_status()
    return response.json()["code"]


def fetch(request, env):
    if request.path == "/run":
        return run(request.text())
    question = request.query_params.get("ask", "What is the sum of the column a?")
    messages = [{"role": "user", "content": f"{question} (Python; the table is table.csv)"}]
    for attempt in range(1, MOST_ATTEMPTS + 1):
        code = ask_model(env, messages)
        outcome = run(code)
        if "error" not in outcome:
            return {"answer": outcome["value"], "attempts": attempt}
        messages += [{"role": "assistant", "content": code}, {"role": "user", "content": outcome["error"]}]
    return Response(f"no code of the model's ran; the last one ended with: {outcome['error']}\n", 502)
