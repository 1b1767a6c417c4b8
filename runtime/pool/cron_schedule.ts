// Calls a Worker at the times that its cron expressions name.
//
// Each expression has a clock of its own. One whose last call has not ended is not called again: the log says so. Times that pass while
// no server runs are not made up for.
import type { Cron } from "croner";
import { cronerOptions, cronerPattern } from "../config/cron_expression.ts";
import { croner } from "../lazy_packages.ts";
import { messageOf } from "../user_error.ts";
import type { ScheduledEvent } from "./scheduled.ts";

export interface CronLog {
  warn(text: string): void;
  error(text: string): void;
}

const minuteMs = 60_000;

export class CronSchedule {
  readonly #jobs: readonly Cron[];

  /** @param call Resolves when the handler has ended. */
  constructor(crons: readonly string[], call: (event: ScheduledEvent) => Promise<unknown>, log: CronLog) {
    this.#jobs = [...new Set(crons)].map((cron) => {
      /** When the call began that goes on. */
      let since: number | undefined;
      return new (croner().Cron)(cronerPattern(cron), { ...cronerOptions, unref: true, paused: true }, async () => {
        if (since !== undefined) {
          const begin = new Date(since).toISOString();
          log.warn(`the scheduled trigger "${cron}" is left out: its call of ${begin} goes on`);
          return;
        }
        const scheduledTime = Math.floor(Date.now() / minuteMs) * minuteMs;
        since = scheduledTime;
        try {
          await call({ cron, scheduledTime });
        } catch (error) {
          log.error(`the scheduled trigger "${cron}" failed: ${messageOf(error)}`);
        } finally {
          since = undefined;
        }
      });
    });
  }

  start(): void {
    for (const job of this.#jobs) job.resume();
  }

  stop(): void {
    for (const job of this.#jobs) job.stop();
  }
}
