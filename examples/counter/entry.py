"""Counts the requests for each path, in KV, and begins anew at midnight.

curl http://127.0.0.1:8787/some/path
"""

from urllib.parse import urlsplit

from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        path = urlsplit(request.url).path
        count = int(await self.env.COUNTS.get(path) or 0) + 1
        await self.env.COUNTS.put(path, str(count), {"metadata": {"agent": request.headers.get("user-agent")}})
        return Response(f"{path} was asked for {count} times\n")

    async def scheduled(self, controller, env, ctx):
        page = await self.env.COUNTS.list()
        for key in page["keys"]:
            await self.env.COUNTS.delete(key["name"])
        print(f"{controller.cron}: {len(page['keys'])} counts are gone")
