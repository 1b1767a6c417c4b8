// The file of all queues of a state folder.
import type { DatabaseSync } from "node:sqlite";
import * as sqliteFile from "../sqlite_file.ts";

export { describeFailure } from "../sqlite_file.ts";

const format: sqliteFile.FileFormat = {
  name: "queues.sqlite",
  applicationId: 0x62_6b_71_75, // bkqu
  version: 1,
  // A message is there until it is acknowledged. Times are in milliseconds since 1970; it is delivered when it is due.
  schema: `
  CREATE TABLE message (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    id TEXT NOT NULL,
    sent INTEGER NOT NULL,
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    type TEXT NOT NULL,
    body BLOB NOT NULL
  );
  CREATE INDEX message_due ON message (queue, due, sequence);
  CREATE INDEX message_sent ON message (sent);
  CREATE TABLE consumer (
    queue TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    started TEXT NOT NULL
  ) WITHOUT ROWID`,
};

export function databasePath(stateFolder: string): string {
  return sqliteFile.pathOf(stateFolder, format);
}

/** The file of a state folder, made if there is none. Throws UserError. */
export function openForWriting(stateFolder: string): DatabaseSync {
  return sqliteFile.openForWriting(stateFolder, format);
}
