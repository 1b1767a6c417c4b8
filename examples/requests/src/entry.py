"""Synchronous requests in a Worker: each call blocks its own request and nothing else.

curl 'http://127.0.0.1:8787/'                          asks the upstream that is started with the example
curl 'http://127.0.0.1:8787/?url=http://example.com/'  asks any server
"""

from urllib.parse import parse_qs, urlsplit

import requests
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        query = parse_qs(urlsplit(request.url).query)
        url = query.get("url", [self.env.DEV_UPSTREAM])[0]
        try:
            answer = requests.get(url, timeout=10)
        except requests.RequestException as error:
            return Response.json({"url": url, "error": f"{type(error).__name__}: {error}"}, status=502)
        return Response.json(
            {
                "url": url,
                "status": answer.status_code,
                "type": answer.headers.get("content-type"),
                "length": len(answer.content),
                "begin": answer.text[:80],
            }
        )
