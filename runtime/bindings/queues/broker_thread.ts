// The one thread of a server that has the file of queues: it has the disk to wait for, and nobody else does meanwhile.
import { beginFileThread } from "../file_thread.ts";
import { GroupedWrites } from "../grouped_writes.ts";
import { Broker } from "./broker.ts";
import { databasePath, describeFailure, openForWriting } from "./database.ts";
import { Messages } from "./messages.ts";
import type { FromBroker, Outcome, Send, ToBroker } from "./protocol.ts";

const purgeMs = 60_000;
const retryMs = 1000;

beginFileThread<ToBroker, FromBroker>(openForWriting, (database, stateFolder, tell) => {
  const messages = new Messages(database);
  const describe = (error: unknown): string => describeFailure(error, databasePath(stateFolder));
  const problem = (what: string, error: unknown): void =>
    tell({ type: "problem", text: `queues: ${what}: ${describe(error)}` });

  const broker = new Broker(messages, {
    batch: (id, given) => tell({ type: "batch", id, messages: given }),
    waits: (queue, { pid }) =>
      tell({
        type: "notice",
        text: `the messages of the queue ${queue} go to another server (pid ${pid}) as long as that runs`,
      }),
    failed: (error) => problem("messages could not be read", error),
  });

  const sends = new GroupedWrites<Send>({
    write: (group) => messages.send(group, Date.now()),
    failed: (error) => problem("messages could not be written", error),
    describe,
    answered: () => broker.look(),
  });

  const settle = (id: number, outcome: Outcome, isFirst = true): void => {
    try {
      messages.settle(outcome, Date.now());
    } catch (error) {
      // They stay where they are until it is known what became of them.
      if (isFirst) problem("it could not be written which messages are done, and is tried again", error);
      setTimeout(() => settle(id, outcome, false), retryMs);
      return;
    }
    tell({ type: "settled", id });
    broker.look();
  };

  const purge = setInterval(() => {
    try {
      for (const [queue, count] of messages.purge(Date.now())) {
        tell({
          type: "problem",
          text: `queues: ${count} messages of ${queue} were kept for 4 days and taken by nobody: they are gone`,
        });
      }
    } catch (error) {
      problem("what is too old could not be taken away", error);
    }
  }, purgeMs);

  return (message) => {
    switch (message.type) {
      case "port":
        sends.take(message.port);
        break;
      case "take":
        broker.take(message);
        break;
      case "cancel":
        broker.cancel(message.id);
        break;
      case "settle":
        settle(message.id, message.outcome);
        break;
      case "close":
        clearInterval(purge);
        sends.flush();
        try {
          broker.close();
        } catch (error) {
          problem("the end of this server could not be noted", error);
        }
        database.close();
        process.exit(0);
    }
  };
});
