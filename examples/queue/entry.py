"""Letters that are delivered later: requests put them into a queue, and its handler takes them in batches.

What fails is tried again, and what fails too often is put aside by a dead letter queue.

curl -d '{"to": "ada@example.com", "text": "hello"}' http://127.0.0.1:8787/
curl http://127.0.0.1:8787/
"""

from blockon import Response


def fetch(request, env):
    if request.method == "POST":
        letter = request.json()
        if not letter.get("to"):
            return Response("A letter has an address: to\n", 400)
        env.LETTERS.send(letter)
        return Response("It will be delivered.\n", 202)
    kept = [(key.name, env.OUTCOMES.get(key.name)) for key in env.OUTCOMES.list().keys]
    return Response("".join(f"{name}: {outcome}\n" for name, outcome in kept) or "nothing was delivered yet\n")


def queue(batch, env):
    for message in batch:
        key = f"{message.timestamp:%H:%M:%S} {message.id[:8]}"
        if batch.queue == "undelivered":
            env.OUTCOMES.put(key, f"nobody is called {message.body['to']}")
        elif "@" in message.body["to"]:
            env.OUTCOMES.put(key, f"delivered to {message.body['to']}, attempt {message.attempts}")
        else:
            # The others of the batch are done when the handler returns.
            message.retry(delay=1)
