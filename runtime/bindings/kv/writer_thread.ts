// The one thread of a server that writes to the file of KV. It has the disk to wait for, and nobody else does meanwhile: not
// the server's main thread, and of a Worker only who awaits its put().
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { messageOf, UserError } from "../../user_error.ts";
import { databasePath, describeFailure, openForWriting } from "./database.ts";
import type { FromWriter, ToWriter, Write, Written } from "./protocol.ts";
import { Writer } from "./writer.ts";

const purgeMs = 60_000;

if (parentPort === null) throw new Error("runtime/bindings/kv/writer_thread.ts is the entry of a thread");
const parent = parentPort;
const stateFolder = workerData as string;

interface Asked {
  readonly port: MessagePort;
  readonly write: Write;
}

function tell(message: FromWriter): void {
  parent.postMessage(message);
}

function open() {
  try {
    return openForWriting(stateFolder);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    tell({ type: "refused", text: error.message });
    return undefined;
  }
}

function run(database: NonNullable<ReturnType<typeof open>>): void {
  const writer = new Writer(database);
  let asked: Asked[] = [];

  const describe = (error: unknown): string => describeFailure(error, databasePath(stateFolder));

  const answer = (done: readonly Asked[], problem: string | null): void => {
    for (const [port, group] of Map.groupBy(done, ({ port }) => port)) {
      port.postMessage({ ids: group.map(({ write }) => write.id), problem } satisfies Written);
    }
  };

  const flush = (): void => {
    const batch = asked;
    asked = [];
    if (batch.length === 0) return;
    try {
      writer.write(batch.map(({ write }) => write));
      answer(batch, null);
    } catch (error) {
      if (batch.length === 1) {
        tell({ type: "problem", text: `KV: ${describe(error)}` });
        answer(batch, describe(error));
        return;
      }
      // One that cannot be written takes none of the others with it.
      for (const one of batch) {
        asked = [one];
        flush();
      }
    }
  };

  const take = (port: MessagePort): void => {
    port.on("message", (write: Write) => {
      if (asked.length === 0) setImmediate(flush);
      asked.push({ port, write });
    });
  };

  const purge = setInterval(() => {
    try {
      writer.purge(Math.floor(Date.now() / 1000));
    } catch (error) {
      tell({ type: "problem", text: `KV: what has ended could not be taken away: ${describe(error)}` });
    }
  }, purgeMs);

  parent.on("message", (message: ToWriter) => {
    if (message.type === "port") {
      take(message.port);
      return;
    }
    clearInterval(purge);
    flush();
    database.close();
    process.exit(0);
  });
  tell({ type: "ready" });
}

try {
  const database = open();
  if (database !== undefined) run(database);
} catch (error) {
  tell({ type: "refused", text: messageOf(error) });
}
