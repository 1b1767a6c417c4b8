// Scheduled triggers: expressions as Cloudflare has them, when they come, and what the handler is given.
import assert from "node:assert/strict";
import { after, before, describe, it, mock } from "node:test";
import { Cron } from "croner";
import { cronerOptions, cronerPattern } from "../../runtime/config/cron_expression.ts";
import { parseWorkerConfig } from "../../runtime/config/wrangler.ts";
import { CronSchedule } from "../../runtime/pool/cron_schedule.ts";
import type { ScheduledEvent } from "../../runtime/pool/scheduled.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

/** The first two times after the beginning of 2026, which is a Thursday. */
function times(expression: string): string[] {
  const cron = new Cron(cronerPattern(expression), { ...cronerOptions, paused: true });
  return cron.nextRuns(2, new Date("2026-01-01T00:00:00Z")).map((date) => date.toISOString().slice(0, 16));
}

describe("a cron expression", () => {
  const expressions: [expression: string, first: string, second: string][] = [
    ["*/5 * * * *", "2026-01-01T00:05", "2026-01-01T00:10"],
    ["0 15 1 * *", "2026-01-01T15:00", "2026-02-01T15:00"],
    ["59 23 LW * *", "2026-01-30T23:59", "2026-02-27T23:59"],
    ["0 12 15W * *", "2026-01-15T12:00", "2026-02-16T12:00"],
    ["0 17 * * 1", "2026-01-04T17:00", "2026-01-11T17:00"],
    ["0 17 * * sun", "2026-01-04T17:00", "2026-01-11T17:00"],
    ["10 7 * * 2-6", "2026-01-01T07:10", "2026-01-02T07:10"],
    ["10 7 * * MON-FRI", "2026-01-01T07:10", "2026-01-02T07:10"],
    ["0 18 * * 6L", "2026-01-30T18:00", "2026-02-27T18:00"],
    ["0 18 * * friL", "2026-01-30T18:00", "2026-02-27T18:00"],
    ["0 0 * * mon#2", "2026-01-12T00:00", "2026-02-09T00:00"],
    ["30 2 13 * 6", "2026-01-02T02:30", "2026-01-09T02:30"],
    ["0 0 29 FEB *", "2028-02-29T00:00", "2032-02-29T00:00"],
  ];
  for (const [expression, ...expected] of expressions) {
    it(`${expression} comes at ${expected.join(", ")}`, () => assert.deepEqual(times(expression), expected));
  }

  it("that is none is refused, with its line", () => {
    const refused: [cron: string, why: RegExp][] = [
      ["* * * *", /five fields/],
      ["* * * * * *", /five fields/],
      ["61 * * * *", /minute: 61/],
      ["* * * * 0", /0 is no day of the week; they are 1 \(Sunday\) to 7/],
      ["* * * * 8", /8 is no day of the week/],
      ["@daily", /five fields/],
      ["* * ? * *", /only/],
      ["0 0 31 2 *", /there is no such day/],
      ["*/0 * * * *", /stepping/],
    ];
    for (const [cron, why] of refused) {
      const text = `name = "a"\nmain = "a.py"\ncompatibility_date = "2026-10-01"\ncompatibility_flags = ["python_workers"]\n[triggers]\ncrons = [\n  "0 0 * * *",\n  "${cron}",\n]\n`;
      assert.throws(
        () => parseWorkerConfig(text, "wrangler.toml", { today: "2026-11-01" }),
        (error: Error) => error.message.startsWith('wrangler.toml:8: "crons[1]" is') && why.test(error.message),
        cron,
      );
    }
  });
});

describe("a schedule", () => {
  before(() => mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.parse("2026-01-01T00:00:30Z") }));
  after(() => mock.timers.reset());

  const minutes = async (count: number): Promise<void> => {
    for (let second = 0; second < count * 60; second++) {
      mock.timers.tick(1000);
      await Promise.resolve();
    }
  };

  it("calls at each time of each expression, and not while the last call goes on", async () => {
    const events: ScheduledEvent[] = [];
    const lines: string[] = [];
    const log = { warn: (text: string) => lines.push(text), error: (text: string) => lines.push(text) };
    let ended = Promise.withResolvers<void>();
    const call = async (event: ScheduledEvent): Promise<void> => {
      events.push(event);
      if (event.cron === "*/2 * * * *") await ended.promise;
      if (event.cron === "3 * * * *") throw new Error("the handler's traceback");
    };
    const schedule = new CronSchedule(["*/2 * * * *", "3 * * * *", "3 * * * *"], call, log);
    schedule.start();
    await minutes(5);
    assert.deepEqual(
      events.map(({ cron, scheduledTime }) => `${cron} ${new Date(scheduledTime).toISOString().slice(11, 19)}`),
      ["*/2 * * * * 00:02:00", "3 * * * * 00:03:00"],
    );
    assert.deepEqual(lines, [
      'the scheduled trigger "3 * * * *" failed: the handler\'s traceback',
      'the scheduled trigger "*/2 * * * *" is left out: its call of 2026-01-01T00:02:00.000Z goes on',
    ]);
    ended.resolve();
    ended = Promise.withResolvers();
    await minutes(2);
    assert.equal(events.at(-1)?.scheduledTime, Date.parse("2026-01-01T00:06:00Z"));
    schedule.stop();
    const count = events.length;
    await minutes(10);
    assert.equal(events.length, count);
  });
});

const entry = `
import js
from js import Response

seen = []

def on_fetch(request):
    return Response.new(" ".join(seen))

async def on_scheduled(controller, env, ctx):
    seen.append(f"{controller.cron}@{controller.scheduledTime}")
    if controller.cron == "fail":
        raise ValueError("of the trigger")
    if controller.cron == "final":
        controller.noRetry()
`;

describe("blockon serve --test-scheduled", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(entry, [], '[triggers]\ncrons = ["0 0 29 2 *"]\n');
    server = await ServeProcess.start(folder.path, undefined, undefined, "--test-scheduled");
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  const text = async (target: string): Promise<string> => {
    const response = await server.get(target);
    return `${response.status} ${(await response.text()).trim()}`;
  };

  it("calls the handler for scheduled events by a request", async () => {
    assert.equal(await text("/__scheduled?cron=*+*+*+*+*"), "200 Ran scheduled event");
    assert.equal(await text("/cdn-cgi/handler/scheduled?cron=0+0&time=1745856238"), "200 ok");
    assert.match(await text("/"), /^200 \* \* \* \* \*@\d{13} 0 0@1745856238$/);
    assert.equal(
      await text("/cdn-cgi/handler/scheduled?cron=final&format=json"),
      '200 {"outcome":"ok","noRetry":true}',
    );
    assert.match(await text("/cdn-cgi/handler/scheduled?time=soon"), /^400 time is a number/);
  });

  it("tells of a handler that fails", async () => {
    assert.equal(await text("/cdn-cgi/handler/scheduled?cron=fail"), "500 exception");
    await server.logged(/the scheduled trigger "fail" failed: Traceback[\s\S]*ValueError: of the trigger/);
    assert.equal(await text("/__scheduled?cron=fail"), "200 Ran scheduled event");
  });

  it("is needed for that", async () => {
    const other = await ServeProcess.start(folder.path);
    const response = await other.get("/__scheduled?cron=*");
    assert.equal(await response.text(), "");
    await other.stop();
  });
});
