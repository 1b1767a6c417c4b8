// The limit of live fibers as users give it: max_fibers in a wrangler.toml, maxFibers of loadPyodide.

/** The engine counts in 32 bits. */
const most = 2 ** 31 - 1;

/** What a limit has to be, for the message about one that is none. */
export const aPositiveInteger = `a positive integer up to ${most}`;

export function isFiberLimit(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}
