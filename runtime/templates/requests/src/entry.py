from urllib.parse import parse_qs, urlsplit

import requests
from workers import Response, WorkerEntrypoint

UPSTREAM = "https://example.com/"


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        url = parse_qs(urlsplit(request.url).query).get("url", [UPSTREAM])[0]
        # Blocks this request until the answer is there. Others go on.
        try:
            answer = requests.get(url, timeout=10)
        except requests.RequestException as error:
            return Response(f"{url}: {type(error).__name__}\n", status=502)
        return Response(f"{url}: {answer.status_code}, {len(answer.content)} bytes\n")
