// blockon ps: what the fibers of this user's servers do.
import { type Asked, askServers, describeOther } from "../control/client.ts";
import { plainText } from "../plain_text.ts";
import { UserError } from "../user_error.ts";
import { psText } from "./ps_text.ts";
import { letReaderLeave } from "./standard_output.ts";

export interface PsOptions {
  readonly stack?: true;
  readonly json?: true;
}

/** What a program gets for a server: its report, or its processes and the problem. */
function entry(server: Asked): object {
  return "report" in server ? server.report : server;
}

/** Throws UserError when there is no such server, or none at all. */
export async function ps(pid: number | undefined, options: PsOptions): Promise<void> {
  const stacks = options.stack === true;
  letReaderLeave();
  const { asked, problems } = await askServers(stacks, pid);
  // Plain text is JSON still: it has escapes in strings, and these alone hold what is escaped.
  if (options.json) process.stdout.write(`${plainText(JSON.stringify({ servers: asked.map(entry) }))}\n`);
  else process.stdout.write(psText(asked, stacks));
  if (asked.length > 0) {
    for (const problem of problems) process.stderr.write(`blockon: ${plainText(problem)}\n`);
    return;
  }
  const what =
    pid === undefined
      ? "this user runs no server. Start one: blockon serve FOLDER"
      : `no server runs as process ${pid}: ${describeOther(pid)}. Without a number, blockon ps lists all servers.`;
  throw new UserError([...problems, what].join("; "));
}
