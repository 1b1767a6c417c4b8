// An error that is the user's to mend: a wrong option, a malformed file, a port in use.
//
// Its message says what was asked, where, and what to do; the CLI prints it as one line (and `detail` below it, such as
// the lines of the file around a syntax error) without a stack trace. Anything else that reaches the CLI is our bug and
// is printed with its stack.

/** Exit codes of the CLI. */
export const exitCode = { failure: 1, usage: 2 } as const;

export interface UserErrorOptions extends ErrorOptions {
  exitCode?: number;
  /** Lines printed below the message as they are. */
  detail?: string;
}

export class UserError extends Error {
  readonly exitCode: number;
  readonly detail: string | undefined;

  constructor(message: string, options: UserErrorOptions = {}) {
    super(message, options);
    this.name = "UserError";
    this.exitCode = options.exitCode ?? exitCode.failure;
    this.detail = options.detail;
  }
}

/** The text of anything that was thrown, also of what has no text. */
export function messageOf(error: unknown): string {
  const text: unknown = error instanceof Error ? error.message : error;
  try {
    return String(text);
  } catch {
    return `${kindOf(text)} that has no text`;
  }
}

/** The `code` of a system error (ENOENT, EADDRINUSE), if it has one. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" ? code : undefined;
}

/**
 * A value of a wrong kind, as a message names it.
 * @param object What its format calls an object.
 */
export function kindOf(value: unknown, object = "an object"): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (value instanceof Date) return "a date";
  if (typeof value === "object") return object;
  return `the ${typeof value} ${typeof value === "string" ? JSON.stringify(value) : String(value)}`;
}
