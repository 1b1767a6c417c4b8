// The server's end of the control channel: a unix socket on which it tells what its Workers do, and answers nothing else.
import { existsSync, rmSync } from "node:fs";
import net from "node:net";
import { codeOf, messageOf, UserError } from "../user_error.ts";
import { socketPath } from "./folder.ts";
import { type Answer, answerVersion, questions, type ServerReport } from "./report.ts";

export interface ControlServer {
  readonly path: string;
  /** Removes the socket. */
  close(): Promise<void>;
}

const mostQuestionCharacters = 64;
const mostClients = 16;
/** For a client to ask, and to take its answer. */
const idleMs = 10_000;

type Describe = (stacks: boolean) => Promise<ServerReport>;

async function answerTo(question: string, describe: Describe): Promise<Answer | { error: string }> {
  if (question !== questions.plain && question !== questions.stacks) {
    return { error: `the questions are ${Object.values(questions).join(", ")}` };
  }
  try {
    return { version: answerVersion, server: await describe(question === questions.stacks) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function serveClient(socket: net.Socket, describe: Describe): void {
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
    answerTo(question.slice(0, Math.max(end, 0)), describe).then((answer) => {
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

export interface ControlOptions {
  /** The process that watches over this one; null when there is none. */
  readonly supervisor: number | null;
  readonly describe: Describe;
  /** A client could not be taken. */
  readonly onError: (error: Error) => void;
}

/** Listens for `blockon ps`. Throws UserError when that cannot be. */
export async function startControl({ supervisor, describe, onError }: ControlOptions): Promise<ControlServer> {
  const file = socketPath(process.pid, supervisor);
  const clients = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    clients.add(socket);
    socket.once("close", () => clients.delete(socket));
    serveClient(socket, describe);
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
