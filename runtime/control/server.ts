// The server's end of the control channel: a unix socket on which it tells what its Workers do, and is told to reload or
// replace them.
import { existsSync, rmSync } from "node:fs";
import net from "node:net";
import { codeOf, messageOf, UserError } from "../user_error.ts";
import {
  answerDeployments,
  type DeploymentHandlers,
  deploymentQuestions,
  splitQuestion,
} from "./deployment_questions.ts";
import { socketPath } from "./folder.ts";
import { type Answer, answerVersion, type Done, questions, type Reloaded, type ServerReport } from "./report.ts";

export interface ControlServer {
  readonly path: string;
  /** Removes the socket. */
  close(): Promise<void>;
}

/** The longest path of a folder, all of it as escapes, and some. */
const mostQuestionCharacters = 32_768;
const mostClients = 16;
/** For a client to ask, and to take its answer. */
const idleMs = 10_000;

interface Asked {
  readonly describe: (stacks: boolean) => Promise<ServerReport>;
  /** Throws when nothing was changed. */
  readonly reload: () => Promise<readonly string[]>;
  /** Undefined where the server takes no deployments. */
  readonly deployments?: DeploymentHandlers | undefined;
}

async function answerTo(
  question: string,
  { describe, reload, deployments }: Asked,
): Promise<Answer | Reloaded | Done | { error: string }> {
  const aboutDeployments = splitQuestion(question);
  if (aboutDeployments === undefined && !Object.values<string>(questions).includes(question)) {
    return { error: `the questions are ${[...Object.values(questions), ...deploymentQuestions].join(", ")}` };
  }
  try {
    if (aboutDeployments !== undefined) {
      return { version: answerVersion, done: await answerDeployments(aboutDeployments, deployments) };
    }
    if (question === questions.reload) return { version: answerVersion, reloaded: await reload() };
    return { version: answerVersion, server: await describe(question === questions.stacks) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function serveClient(socket: net.Socket, asks: Asked): void {
  let question = "";
  let asked = false;
  socket.setEncoding("utf8");
  socket.setTimeout(idleMs, () => socket.destroy());
  // The client is gone, and with it whom this would be told.
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: string) => {
    if (asked) return;
    question += chunk;
    const end = question.indexOf("\n");
    if (end < 0 && question.length <= mostQuestionCharacters) return;
    asked = true;
    // A reload or a deployment takes as long as the Workers take to load.
    socket.setTimeout(0);
    answerTo(question.slice(0, Math.max(end, 0)), asks).then((answer) => {
      socket.setTimeout(idleMs);
      socket.end(`${JSON.stringify(answer)}\n`);
    });
  });
}

function listen(server: net.Server, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(file, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Whether somebody listens there. */
function isAnswered(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(file, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", (error) => resolve(codeOf(error) !== "ECONNREFUSED"));
  });
}

export interface ControlOptions extends Asked {
  /** The process that watches over this one; null when there is none. */
  readonly supervisor: number | null;
  /** A client could not be taken. */
  readonly onError: (error: Error) => void;
}

/** Listens for `blockon ps`. Throws UserError when that cannot be. */
export async function startControl({ supervisor, onError, ...asks }: ControlOptions): Promise<ControlServer> {
  const file = socketPath(process.pid, supervisor);
  const clients = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    clients.add(socket);
    socket.once("close", () => clients.delete(socket));
    serveClient(socket, asks);
  });
  server.maxConnections = mostClients;
  try {
    await listen(server, file).catch(async (error: unknown) => {
      // Left by a process that had this pid before, and was killed.
      if (codeOf(error) !== "EADDRINUSE" || (await isAnswered(file))) throw error;
      rmSync(file);
      await listen(server, file);
    });
  } catch (error) {
    throw new UserError(`${file}: ${messageOf(error)}`, { cause: error });
  }
  server.on("error", onError);
  // For an end that is not by close(), by which libuv removes it.
  const remove = (): void => {
    if (existsSync(file)) rmSync(file);
  };
  process.once("exit", remove);
  return {
    path: file,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          process.off("exit", remove);
          resolve();
        });
        for (const client of clients) client.destroy();
      }),
  };
}
