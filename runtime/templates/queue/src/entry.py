from blockon import Response


def fetch(request, env):
    env.JOBS.send({"path": request.path})
    return Response("It will be done.\n", 202)


# Messages come in batches, at least once each: what raises is tried again.
def queue(batch, env):
    for message in batch:
        if message.body["path"] == "/later" and message.attempts == 1:
            message.retry(delay=30)
        else:
            print(f"done: {message.body['path']}")
