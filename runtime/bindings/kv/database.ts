// The file of all KV namespaces of a state folder.
import type { DatabaseSync } from "node:sqlite";
import * as sqliteFile from "../sqlite_file.ts";

export { describeFailure } from "../sqlite_file.ts";

const format: sqliteFile.FileFormat = {
  name: "kv.sqlite",
  applicationId: 0x62_6b_6b_76, // bkkv
  version: 1,
  // The value comes last, so that a list reads none of it.
  schema: `
  CREATE TABLE entry (
    namespace TEXT NOT NULL,
    key BLOB NOT NULL,
    expiration INTEGER,
    metadata TEXT,
    value BLOB NOT NULL,
    PRIMARY KEY (namespace, key)
  ) WITHOUT ROWID;
  CREATE INDEX entry_expiration ON entry (expiration) WHERE expiration IS NOT NULL`,
};

export function databasePath(stateFolder: string): string {
  return sqliteFile.pathOf(stateFolder, format);
}

/** The file of a state folder, made if there is none. Throws UserError. */
export function openForWriting(stateFolder: string): DatabaseSync {
  return sqliteFile.openForWriting(stateFolder, format);
}

/** The file while a writer has it open. */
export function openForReading(stateFolder: string): DatabaseSync {
  return sqliteFile.openForReading(stateFolder, format);
}
