// blockon reload: a server reads its Workers' folders again, and serves what is there from then on.
import { reloadServer } from "../control/client.ts";
import { plainText } from "../plain_text.ts";
import { UserError } from "../user_error.ts";

/** Throws UserError when nothing was changed: what it says may be a Worker's own text, and is made plain here. */
export async function reload(pid: number | undefined): Promise<void> {
  const answer = await reloadServer(pid);
  if ("problem" in answer) {
    const [reason = "", ...detail] = answer.problem.split("\n").map(plainText);
    throw new UserError(
      `process ${answer.server} has reloaded nothing: ${reason}`,
      detail.length === 0 ? {} : { detail: detail.join("\n") },
    );
  }
  process.stdout.write(`process ${answer.server} has reloaded ${plainText(answer.names.join(", "))}\n`);
}
