from blockon import Response


# Every day at midnight, UTC: [triggers] of wrangler.toml.
def scheduled(event, env):
    env.REPORTS.put("last", f"{event.scheduled_time:%Y-%m-%d}: all is well")


def fetch(request, env):
    return Response((env.REPORTS.get("last") or "no report yet") + "\n")
