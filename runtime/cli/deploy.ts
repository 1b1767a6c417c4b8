// blockon deploy, deployments, rollback, delete: what a running server serves of what was deployed into it.
import path from "node:path";
import { askDeployments, type DeploymentAnswer } from "../control/client.ts";
import type { DeploymentReport } from "../control/report.ts";
import { plainText } from "../plain_text.ts";
import { UserError } from "../user_error.ts";
import { columns } from "./columns.ts";

export interface ServerOptions {
  /** The process of the server; the only one of this user unless given. */
  readonly pid?: number;
}

/** Throws UserError with the problem, in which may be a Worker's own text. */
function doneOf<Done>(answer: DeploymentAnswer<Done>, nothing: string): { server: number; done: Done } {
  if (!("problem" in answer)) return answer;
  const [reason = "", ...detail] = answer.problem.split("\n").map(plainText);
  throw new UserError(
    `process ${answer.server} ${nothing}: ${reason}`,
    detail.length === 0 ? {} : { detail: detail.join("\n") },
  );
}

/** Throws UserError when nothing was changed. */
export async function deploy(folder: string, { pid }: ServerOptions): Promise<void> {
  const answer = await askDeployments(pid, "deploy", { folder: path.resolve(folder) });
  const { server, done } = doneOf(answer, "has deployed nothing");
  process.stdout.write(`process ${server} serves version ${done.version} of ${plainText(done.name)}\n`);
}

function tableOf(deployments: readonly DeploymentReport[]): string[] {
  const rows = deployments.flatMap(({ name, current, versions }) =>
    versions
      .toReversed()
      .map(({ version, deployed }) => [name, String(version), deployed, version === current ? "current" : ""]),
  );
  return columns([["NAME", "VERSION", "DEPLOYED", ""], ...rows.map((row) => row.map(plainText))]);
}

export async function deployments({ pid, json }: ServerOptions & { readonly json?: true }): Promise<void> {
  const { done } = doneOf(await askDeployments(pid, "deployments", {}), "lists no deployments");
  if (json) process.stdout.write(`${plainText(JSON.stringify({ deployments: done }))}\n`);
  else if (done.length === 0) process.stdout.write("nothing is deployed\n");
  else
    process.stdout.write(
      tableOf(done)
        .map((line) => `${line}\n`)
        .join(""),
    );
}

/** Throws UserError when nothing was changed. */
export async function rollBack(name: string, version: number | undefined, { pid }: ServerOptions): Promise<void> {
  const answer = await askDeployments(pid, "rollback", { name, version });
  const { server, done } = doneOf(answer, "has changed nothing");
  process.stdout.write(`process ${server} serves version ${done.version} of ${plainText(done.name)}\n`);
}

/** Throws UserError when nothing was changed. */
export async function deleteDeployment(name: string, { pid }: ServerOptions): Promise<void> {
  const { server, done } = doneOf(await askDeployments(pid, "delete", { name }), "has deleted nothing");
  process.stdout.write(
    `process ${server} has deleted ${plainText(done.name)}; what its bindings keep stays for the next of this name\n`,
  );
}
