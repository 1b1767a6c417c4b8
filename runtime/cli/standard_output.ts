// The standard output of a command that prints and ends.
import { codeOf } from "../user_error.ts";

/** Lets its reader leave, as head does: what is not read need not be written. */
export function letReaderLeave(): void {
  process.stdout.on("error", (error) => {
    if (codeOf(error) !== "EPIPE") throw error;
  });
}
