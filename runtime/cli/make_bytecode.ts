// The process before make_compiled.ts: makes the snapshot of Python and the bytecode of Cloudflare's SDK, where there are none. It ends with the one
// that has started it.
import { layout, pyodideVersion } from "../layout.ts";
import { takeV8Flags } from "../process_flags.ts";
import { baselineSnapshot } from "../snapshots/baseline.ts";
import { withoutCompiled } from "../snapshots/compiled.ts";
import { messageOf } from "../user_error.ts";
import { compilePackages } from "./compile_packages.ts";

async function make(): Promise<void> {
  takeV8Flags();
  withoutCompiled();
  const complaints: string[] = [];
  const complain = (text: string): void => {
    complaints.push(text);
  };
  await baselineSnapshot(true, {}, (level, text) => {
    if (level === "warn" || level === "error") complain(text);
  });
  await compilePackages(layout.sdk, { version: pyodideVersion }, { info: () => {}, warn: complain });
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
}

process.once("disconnect", () => process.exit(1));
try {
  await make();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`, () => process.exit(1));
}
