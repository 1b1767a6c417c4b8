"""A guest book in KV, by the API of `blockon`: a form, a page, JSON, a stream, and a trigger that counts.

curl http://127.0.0.1:8787/ -d name=you -d text=hello
curl http://127.0.0.1:8787/entries.json
"""

import datetime
import html
import uuid

from blockon import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse


def fetch(request, env, ctx):
    match request.method, request.path:
        case "GET", "/":
            return page(env)
        case "POST", "/":
            return sign(request, env, ctx)
        case "GET", "/entries.json":
            return [entry(env, key.name) for key in env.ENTRIES.keys("entry/")]
        case "GET", "/entries.csv":
            return StreamingResponse(rows(env), media_type="text/csv")
        case "GET", "/count":
            return {"entries": env.ENTRIES.get("count", "json") or 0}
    return Response("There is no such page.\n", 404)


def scheduled(event, env):
    count = sum(1 for _ in env.ENTRIES.keys("entry/"))
    env.ENTRIES.put("count", str(count))
    print(f"{event.cron}: {count} entries")


def sign(request, env, ctx):
    form = request.form()
    name = form.get("name", "").strip()
    if not name:
        return JSONResponse({"error": "a guest has a name"}, 400)
    now = datetime.datetime.now(datetime.UTC)
    key = f"entry/{now.isoformat()}/{uuid.uuid4()}"
    env.ENTRIES.put(key, form.get("text", ""), metadata={"name": name})
    ctx.wait_until(print, f"{name} was here")
    response = RedirectResponse("/", 303)
    response.set_cookie("name", name, max_age=30 * 24 * 3600, httponly=True)
    return response


def entry(env, key):
    found = env.ENTRIES.get_with_metadata(key)
    return {"name": found.metadata["name"], "text": found.value, "time": key.split("/")[1]}


def rows(env):
    yield "name,text\n"
    for key in env.ENTRIES.keys("entry/"):
        found = entry(env, key.name)
        yield ",".join('"' + found[field].replace('"', '""') + '"' for field in ("name", "text")) + "\n"


def page(env):
    entries = [entry(env, key.name) for key in env.ENTRIES.keys("entry/")]
    items = "".join(f"<li><b>{html.escape(each['name'])}</b>: {html.escape(each['text'])}" for each in entries)
    return HTMLResponse(
        f"<!doctype html><title>{html.escape(env.TITLE)}</title><h1>{html.escape(env.TITLE)}</h1><ul>{items}</ul>"
        '<form method="post"><input name="name" required><input name="text"><button>Sign</button></form>'
    )
