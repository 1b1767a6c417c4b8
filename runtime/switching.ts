// BLOCKON_SWITCH in the environment: how threads of Python are switched, for tests (jspi/guest/random_switches.h).
import { UserError } from "./user_error.ts";

const most = 2 ** 31 - 1;

/** The seed of random:SEED; undefined where the variable is not set, so that the clock switches. Throws UserError for anything else. */
export function switchSeed(env: NodeJS.ProcessEnv = process.env): number | undefined {
  const text = env.BLOCKON_SWITCH;
  if (text === undefined || text === "") return undefined;
  const [, digits] = /^random:(\d{1,10})$/.exec(text) ?? [];
  const seed = Number(digits ?? Number.NaN);
  if (seed <= most) return seed;
  throw new UserError(
    `BLOCKON_SWITCH is ${JSON.stringify(text)}; expected random:SEED with a seed from 0 to ${most}, as in BLOCKON_SWITCH=random:7.`,
  );
}
