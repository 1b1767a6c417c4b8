// The client's end of the control channel: finds the servers of this user and asks them. What killed ones left is removed.
import { rmSync } from "node:fs";
import net from "node:net";
import { codeOf, messageOf, UserError } from "../user_error.ts";
import { controlFolders, type SocketFile, socketsIn } from "./folder.ts";
import {
  type Answer,
  answerVersion,
  type DeploymentAnswers,
  type DeploymentQuestions,
  type Done,
  questions,
  type Reloaded,
  type ServerReport,
} from "./report.ts";

/** A server that was asked: what it tells of itself, or why that is not known. */
export type Asked = { readonly pid: number; readonly supervisor: number | null } & (
  | { readonly report: ServerReport }
  | { readonly problem: string }
);

export interface Servers {
  readonly asked: readonly Asked[];
  /** Folders that could not be looked into, each with the reason. */
  readonly problems: readonly string[];
}

const timeLimitMs = 5000;
/** For a server's Workers to load. */
const reloadLimitMs = 600_000;
const otherVersion = "it is of another version of blockon";
const mostAnswerCharacters = 64 * 1024 * 1024;
/** A server that starts has its socket a moment before it listens. */
const secondTryMs = 100;

/** The answer's text. Rejects with a system error, or with an Error that says what is wrong. */
function exchange(file: string, question: string, limitMs: number = timeLimitMs): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = net.connect(file, () => socket.write(`${question}\n`));
    const timer = setTimeout(() => {
      socket.destroy(new Error(`no answer within ${limitMs / 1000} s`));
    }, limitMs);
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > mostAnswerCharacters) socket.destroy(new Error("its answer has no end"));
    });
    socket.on("error", reject);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}

function readAnswer(text: string): ServerReport {
  if (!text.endsWith("\n")) throw new Error(text === "" ? "it closed the connection" : "its answer has no end");
  const answer = JSON.parse(text) as Partial<Answer> & { error?: unknown };
  if (typeof answer.error === "string") throw new Error(answer.error);
  if (answer.version !== answerVersion || answer.server === undefined) {
    throw new Error(otherVersion);
  }
  return answer.server;
}

/** Why no signal can be sent there; undefined when one can. */
function refusedSignal(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

/** Undefined when nobody listens there. */
async function askOne({ path, pid, supervisor }: SocketFile, question: string): Promise<Asked | undefined> {
  for (let again = refusedSignal(pid) !== "ESRCH"; ; again = false) {
    try {
      return { pid, supervisor, report: readAnswer(await exchange(path, question)) };
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      if (codeOf(error) !== "ECONNREFUSED") return { pid, supervisor, problem: messageOf(error) };
    }
    if (!again) break;
    await new Promise((resolve) => setTimeout(resolve, secondTryMs));
  }
  rmSync(path, { force: true });
  return undefined;
}

/** @param pid Of the only server to find, or of its supervisor. */
function findSockets(pid: number | undefined): { sockets: SocketFile[]; problems: string[] } {
  const problems: string[] = [];
  const sockets = controlFolders().flatMap((folder) => {
    try {
      return socketsIn(folder);
    } catch (error) {
      problems.push(error instanceof UserError ? error.message : `${folder}: ${messageOf(error)}`);
      return [];
    }
  });
  const isWanted = (socket: SocketFile): boolean =>
    pid === undefined || socket.pid === pid || socket.supervisor === pid;
  return { sockets: sockets.filter(isWanted), problems };
}

/** @param pid Of the only server to ask, or of its supervisor. */
export async function askServers(stacks: boolean, pid?: number): Promise<Servers> {
  const { sockets, problems } = findSockets(pid);
  const question = stacks ? questions.stacks : questions.plain;
  const asked = await Promise.all(sockets.map((socket) => askOne(socket, question)));
  return { asked: asked.filter((answer) => answer !== undefined), problems };
}

/** Of a reload: which Workers are served now, or why nothing was changed. */
export type ReloadAnswer = { readonly server: number } & (
  | { readonly names: readonly string[] }
  | { readonly problem: string }
);

/** What one server says to a question: an object, or why nothing was changed. */
type Told = { readonly server: number } & (
  | { readonly answer: { readonly [key: string]: unknown } }
  | { readonly problem: string }
);

/**
 * Throws UserError when there is no server, or when it is not clear which one is meant.
 * @param command How the user says which.
 * @param start How one is started.
 */
async function tellServer(pid: number | undefined, question: string, command: string, start: string): Promise<Told> {
  // Those that were killed leave their sockets behind, which this removes.
  const { asked, problems } = await askServers(false, pid);
  const [found, other] = asked;
  if (found === undefined) {
    const what =
      pid === undefined ? `this user runs no server. Start one: ${start}` : `no server runs as process ${pid}`;
    throw new UserError([...problems, what].join("; "));
  }
  if (other !== undefined) {
    const pids = asked.map((each) => each.pid).join(", ");
    throw new UserError(`this user runs several servers: ${pids}. Say which: ${command}`);
  }
  const server = found.pid;
  const [socket] = findSockets(server).sockets;
  if (socket === undefined) return { server, problem: "it has ended" };
  try {
    const text = await exchange(socket.path, question, reloadLimitMs);
    if (text === "") throw new Error("it ended");
    const answer = JSON.parse(text) as { readonly [key: string]: unknown };
    if (answer.version === answerVersion) return { server, answer };
    return { server, problem: String(answer.error ?? otherVersion) };
  } catch (error) {
    const why = messageOf(error);
    throw new UserError(`process ${server} gave no answer, and what it has done is not known: ${why}`, {
      cause: error,
    });
  }
}

/** Has a server reload its Workers. Throws UserError when there is none, or when it is not clear which one is meant. */
export async function reloadServer(pid: number | undefined): Promise<ReloadAnswer> {
  const told = await tellServer(pid, questions.reload, "blockon reload PID", "blockon serve FOLDER");
  if ("problem" in told) return told;
  const { reloaded } = told.answer as unknown as Partial<Reloaded>;
  return reloaded === undefined
    ? { server: told.server, problem: otherVersion }
    : { server: told.server, names: reloaded };
}

/** Of a question about deployments: what came of it, or why nothing was changed. */
export type DeploymentAnswer<Done> = { readonly server: number } & (
  | { readonly done: Done }
  | { readonly problem: string }
);

/** Asks a server about its deployments. Throws UserError when there is none, or when it is not clear which one is meant. */
export async function askDeployments<Kind extends keyof DeploymentQuestions>(
  pid: number | undefined,
  kind: Kind,
  argument: DeploymentQuestions[Kind],
): Promise<DeploymentAnswer<DeploymentAnswers[Kind]>> {
  const question = `${kind} ${JSON.stringify(argument)}`;
  const told = await tellServer(pid, question, `blockon ${kind} --pid PID`, "blockon serve --deployments FOLDER");
  if ("problem" in told) return told;
  const { done } = told.answer as unknown as Partial<Done>;
  return done === undefined
    ? { server: told.server, problem: otherVersion }
    : { server: told.server, done: done as DeploymentAnswers[Kind] };
}

/** What is behind a pid under which no server was found. */
export function describeOther(pid: number): string {
  switch (refusedSignal(pid)) {
    case "ESRCH":
      return "there is no such process";
    case "EPERM":
      return "that process belongs to another user: ask as that user";
    default:
      return "that process is another program";
  }
}
