"""Work at fixed times: a report every five minutes, and a clean-up on Mondays.

With --test-scheduled it is called at its times, and when it is asked to:

./dev serve examples/cron --test-scheduled
curl 'http://127.0.0.1:8787/cdn-cgi/handler/scheduled?cron=*/5+*+*+*+*'
curl 'http://127.0.0.1:8787/'
"""

from datetime import UTC, datetime

from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller, env, ctx):
        reports = self.env.REPORTS
        if controller.cron == "0 6 * * MON":
            page = await reports.list()
            for key in page["keys"]:
                await reports.delete(key["name"])
            return
        due = datetime.fromtimestamp(controller.scheduledTime / 1000, UTC)
        await reports.put(f"{due:%Y-%m-%d %H:%M}", "all is well")

    async def fetch(self, request):
        page = await self.env.REPORTS.list()
        lines = [f"{key['name']}: {await self.env.REPORTS.get(key['name'])}\n" for key in page["keys"]]
        return Response("".join(lines) or "no reports yet\n")
