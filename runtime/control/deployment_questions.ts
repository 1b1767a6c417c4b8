// What a server is asked about its deployments.
import { UserError } from "../user_error.ts";
import type { DeploymentAnswers, DeploymentQuestions } from "./report.ts";

export type DeploymentHandlers = {
  /** Throws when nothing was changed. */
  readonly [Kind in keyof DeploymentQuestions]: (
    argument: DeploymentQuestions[Kind],
  ) => Promise<DeploymentAnswers[Kind]>;
};

type Kind = keyof DeploymentQuestions;

interface Question {
  readonly kind: Kind;
  readonly json: string;
}

export const deploymentQuestions: readonly Kind[] = ["deploy", "deployments", "rollback", "delete"];

/** Undefined when it is about something else. */
export function splitQuestion(question: string): Question | undefined {
  const space = question.indexOf(" ");
  const kind = deploymentQuestions.find((each) => each === question.slice(0, Math.max(space, 0)));
  return kind && { kind, json: question.slice(space + 1) };
}

function checked(json: string): { [key: string]: unknown } {
  const value: unknown = JSON.parse(json);
  if (typeof value !== "object" || value === null) throw new UserError("the argument is no object of JSON");
  return { ...value };
}

function text(argument: { [key: string]: unknown }, key: string): string {
  const value = argument[key];
  if (typeof value !== "string") throw new UserError(`the argument has no ${key}`);
  return value;
}

/** Throws when nothing was changed. */
export function answerDeployments(
  { kind, json }: Question,
  handlers: DeploymentHandlers | undefined,
): Promise<DeploymentAnswers[Kind]> {
  if (handlers === undefined) {
    throw new UserError("it takes no deployments. Start it by: blockon serve --deployments FOLDER");
  }
  const argument = checked(json);
  switch (kind) {
    case "deploy":
      return handlers.deploy({ folder: text(argument, "folder") });
    case "deployments":
      return handlers.deployments({});
    case "rollback": {
      const { version } = argument;
      if (version !== undefined && !Number.isInteger(version)) throw new UserError("the version is no whole number");
      return handlers.rollback({ name: text(argument, "name"), version: version as number | undefined });
    }
    case "delete":
      return handlers.delete({ name: text(argument, "name") });
  }
}
