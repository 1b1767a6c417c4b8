from blockon import JSONResponse


def fetch(request, env):
    match request.method, request.path.strip("/").split("/"):
        case "GET", ["notes"]:
            return [key.name for key in env.NOTES.list().keys]
        case "GET", ["notes", name]:
            text = env.NOTES.get(name)
            return error(404, f"there is no note {name}") if text is None else {"name": name, "text": text}
        case "PUT", ["notes", name]:
            return put(request, env, name)
        case "DELETE", ["notes", name]:
            env.NOTES.delete(name)
            return {"deleted": name}
    return error(404, "there is /notes, and /notes/NAME")


def put(request, env, name):
    try:
        text = request.json()["text"]
    except (ValueError, KeyError, TypeError):
        return error(400, 'a note is JSON, as {"text": "..."}')
    env.NOTES.put(name, str(text))
    return JSONResponse({"name": name, "text": str(text)}, 201)


def error(status, text):
    return JSONResponse({"error": text}, status)
