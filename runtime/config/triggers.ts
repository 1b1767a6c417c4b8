// [triggers]: when a Worker's handler for scheduled events is called.

import { messageOf } from "../user_error.ts";
import { cronerPattern } from "./cron_expression.ts";
import type { Reader } from "./reader.ts";

/** @returns The cron expressions, and a line for each unknown key. */
export function readTriggers(top: Reader): { crons: readonly string[]; warnings: string[] } {
  const reader = top.subtable("triggers", "a table with crons");
  const crons = reader.strings("crons", 'an array of cron expressions, as in crons = ["*/5 * * * *"]');
  crons.forEach((cron, index) => {
    try {
      cronerPattern(cron);
    } catch (error) {
      reader.fail(["crons", index], cron, `a cron expression: ${messageOf(error)}`);
    }
  });
  return { crons, warnings: reader.unknownKeys(new Set(["crons"])) };
}
