// Cron expressions as Cloudflare has them: five fields in UTC, of which the last has 1 for Sunday to 7 for Saturday.
//
// croner reads them, once the days of the week are numbered as it numbers them, from 0. Where both the day of the month and the day of
// the week are given, either may fit.
import { croner } from "../lazy_packages.ts";

const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

export const cronerOptions = { timezone: "UTC", mode: "5-part" } as const;

function dayNumber(text: string): number {
  const named = days.indexOf(text.toLowerCase());
  const day = named >= 0 ? named : Number(text) - 1;
  if (named < 0 && !/^[1-7]$/.test(text)) {
    throw new RangeError(`${text} is no day of the week; they are 1 (Sunday) to 7, or SUN to SAT`);
  }
  return day;
}

/** One of a list: a day, a range, a step, the last of a month (6L, FRIL), the nth of a month (MON#2). */
function translateDay(part: string): string {
  const [, range = "", suffix = ""] = /^(.*?)(\/.*|L|#.*)?$/i.exec(part) ?? [];
  if (range === "*") return part;
  // The last day of a week.
  if (range === "" && suffix.toUpperCase() === "L") return "6";
  return range.split("-").map(dayNumber).join("-") + suffix.toUpperCase();
}

/** The expression as croner reads it. Throws an Error that says what is wrong. */
export function cronerPattern(expression: string): string {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 5) {
    throw new SyntaxError("expected five fields: minute, hour, day of the month, month, day of the week");
  }
  if (/[^\w*,/#-]/.test(fields.join(""))) throw new SyntaxError("expected digits, letters and * , - / # only");
  const week = (fields.pop() as string).split(",").map(translateDay).join(",");
  const pattern = [...fields, week].join(" ");
  try {
    if (new (croner().Cron)(pattern, { ...cronerOptions, paused: true }).nextRun() === null) {
      throw new RangeError("there is no such day");
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new SyntaxError(error.message.replace(/^CronPattern: /, ""), { cause: error });
  }
  return pattern;
}
