// The one thread of a server that writes to the file of KV. It has the disk to wait for, and nobody else does meanwhile: not
// the server's main thread, and of a Worker only who awaits its put().
import { beginFileThread } from "../file_thread.ts";
import { GroupedWrites } from "../grouped_writes.ts";
import { databasePath, describeFailure, openForWriting } from "./database.ts";
import type { FromWriter, ToWriter, Write } from "./protocol.ts";
import { Writer } from "./writer.ts";

const purgeMs = 60_000;

beginFileThread<ToWriter, FromWriter>(openForWriting, (database, stateFolder, tell) => {
  const writer = new Writer(database);
  const describe = (error: unknown): string => describeFailure(error, databasePath(stateFolder));
  const writes = new GroupedWrites<Write>({
    write: (group) => writer.write(group),
    failed: (error) => tell({ type: "problem", text: `KV: ${describe(error)}` }),
    describe,
  });

  const purge = setInterval(() => {
    try {
      writer.purge(Math.floor(Date.now() / 1000));
    } catch (error) {
      tell({ type: "problem", text: `KV: what has ended could not be taken away: ${describe(error)}` });
    }
  }, purgeMs);

  return (message) => {
    if (message.type === "port") {
      writes.take(message.port);
      return;
    }
    clearInterval(purge);
    writes.flush();
    database.close();
    process.exit(0);
  };
});
