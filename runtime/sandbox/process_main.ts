// A process for one interpreter of a sandbox: takes what that is from the server, and one call. It ends when the server says so, by a
// signal, or when that ends.
import { EventError } from "../pool/guest_events.ts";
import { WorkerFailedError } from "../pool/host_options.ts";
import { WorkerHost } from "../pool/worker_host.ts";
import { messageOf } from "../user_error.ts";
import type { Begin, FromProcess, ToldError, ToProcess } from "./process_messages.ts";

if (process.send === undefined) throw new Error("runtime/sandbox/process_main.ts is the entry of a server's process");
const tell = (message: FromProcess): void => void process.send?.(message);

function told(error: unknown): ToldError {
  const name = error instanceof Error ? error.name : "Error";
  if (error instanceof EventError) return { kind: "event", name, message: error.message, text: error.text };
  return {
    kind: error instanceof WorkerFailedError ? "failed" : "lost",
    name,
    message: messageOf(error),
    text: "",
  };
}

let host: WorkerHost | undefined;

function begin({ name, description, limits, permissions }: Begin): void {
  host = new WorkerHost({
    name,
    describe: () => description,
    ...(limits && { limits }),
    permissions,
    onLog: (level, text) => tell({ type: "log", level, text }),
    onOutput: () => {},
  });
  host.start().then(
    () => tell({ type: "ready" }),
    (error: unknown) => tell({ type: "refused", error: told(error) }),
  );
}

process.on("message", (message: ToProcess) => {
  if (message.type === "begin") {
    begin(message);
  } else if (message.type === "send") {
    host?.send(message.event).then(
      (bytes) => tell({ type: "done", bytes }),
      (error: unknown) => tell({ type: "undone", error: told(error) }),
    );
  } else {
    void host?.report(message.stacks).then((report) => tell({ type: "report", report }));
  }
});
process.on("disconnect", () => process.exit(0));
// The terminal sends it to all; the server decides.
process.on("SIGINT", () => {});
tell({ type: "there" });
