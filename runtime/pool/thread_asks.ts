// What a Worker's thread says that is about no request of its pool's: its log, what it writes, and what it asks for.
import type { Mask } from "../mask.ts";
import { messageOf } from "../user_error.ts";
import type { FromWorker, ToWorker } from "../worker/protocol.ts";
import type { WorkerHostOptions } from "./host_options.ts";

type Handlers = Pick<WorkerHostOptions, "onLog" | "onOutput" | "onCall" | "onLine" | "onReport" | "onExit">;
type Post = (message: ToWorker) => void;
type Said = Extract<FromWorker, { type: "log" | "write" | "call" | "line" | "report" | "exit" }>;

async function call(
  { onCall }: Handlers,
  { id, ...asked }: Extract<Said, { type: "call" }>,
  post: Post,
): Promise<void> {
  try {
    const answer = await onCall?.(asked);
    if (answer === undefined) throw new Error(`there is no Worker behind ${asked.binding}`);
    post({ type: "answer", id, ...answer, name: "", message: "" });
  } catch (error) {
    const name = error instanceof Error ? error.name : "Error";
    post({ type: "answer", id, bytes: null, owner: "", name, message: messageOf(error) });
  }
}

async function line({ onLine }: Handlers, post: Post): Promise<void> {
  post({ type: "line", text: (await onLine?.()) ?? null });
}

/** @param post Answers the thread that said it. */
export function hear(said: Said, handlers: Handlers, mask: Mask, post: Post): void {
  switch (said.type) {
    case "log":
      handlers.onLog(said.level, mask(said.text));
      break;
    case "write":
      handlers.onOutput(said.stream, said.text);
      break;
    case "call":
      void call(handlers, said, post);
      break;
    case "line":
      void line(handlers, post);
      break;
    case "report":
      handlers.onReport?.(said.name, said.bytes);
      break;
    case "exit":
      handlers.onExit?.(said.code);
      break;
  }
}
