// The table of attempts: the files attempts/*.toml.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "smol-toml";
import type { Evidence } from "./canaries.ts";
import { type Control, controls } from "./realms.ts";

export interface Attempt {
  /** The file of the table. */
  readonly file: string;
  readonly name: string;
  /** Where it is from: an advisory, an upstream's documentation, or what V8 and Node do. */
  readonly source: string;
  readonly evidence: Evidence;
  /** Where it succeeds. */
  readonly control: Control;
  /** Whether it disturbs what comes after it in the same control, and so has one to itself. */
  readonly disturbs?: boolean;
  /** Python that leaves in `found` what it got hold of; run_attempt.py says what it has at hand. */
  readonly code: string;
}

export function readAttempts(): Attempt[] {
  const folder = path.join(import.meta.dirname, "attempts");
  return readdirSync(folder)
    .filter((file) => file.endsWith(".toml"))
    .sort()
    .flatMap((file) => {
      const { attempt } = parse(readFileSync(path.join(folder, file), "utf8")) as unknown as { attempt: Attempt[] };
      for (const { name, control } of attempt) {
        if (!(control in controls)) throw new Error(`${file}: ${name}: there is no control ${control}`);
      }
      return attempt.map((one) => ({ ...one, file }));
    });
}
