import json

from js import Response

TEXT = json.dumps({"name": "blockon", "values": list(range(50)), "nested": {"a": [1.5, None, True]}})


def on_fetch(request):
    value = json.loads(TEXT)
    value["sum"] = sum(value["values"])
    return Response.new(json.dumps(value))
