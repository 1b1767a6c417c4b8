// What V8 makes of the command's bundle (../bundled.cjs), of the functions that a start of a server runs: V8 takes as long for those that
// it does not run. A server writes it that the maker has started for that (../cli/make_compiled.ts), when it has answered and was stopped.
import { loadAddon } from "../addon.ts";
import { bundled } from "../own_program.ts";
import { giveBackV8Flags } from "../process_flags.ts";

/** In the environment of such a server. */
export const keepCommandVariable = "BLOCKON_KEEP_COMMAND";

/** Whether this process is one. */
export const keepsCommand = process.env[keepCommandVariable] !== undefined;
delete process.env[keepCommandVariable];

/** The last that it does. */
export function keepCommand(): void {
  const { program } = bundled();
  if (program?.place === undefined) return;
  // The bundle is loaded under V8's usual ones.
  giveBackV8Flags();
  const why = loadAddon().writeKept(program.place, program.script.createCachedData());
  if (why !== null) throw new Error(`${program.place.file}: ${why}`);
}
