// Writes to the file of KV, many in one transaction: the disk is told once for all that came while it was told before.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Write } from "./protocol.ts";

/** Of what has ended, so many at once are taken away. */
const purgedAtOnce = 1000;

export class Writer {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #purge: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#put = database.prepare(
      "INSERT OR REPLACE INTO entry (namespace, key, value, metadata, expiration) VALUES (?, ?, ?, ?, ?)",
    );
    this.#delete = database.prepare("DELETE FROM entry WHERE namespace = ? AND key = ?");
    this.#purge = database.prepare(
      `DELETE FROM entry WHERE (namespace, key) IN
       (SELECT namespace, key FROM entry WHERE expiration <= ? LIMIT ${purgedAtOnce})`,
    );
  }

  /** All of them, or none: then it throws what SQLite did. */
  write(writes: readonly Write[]): void {
    this.#transaction(() => {
      for (const write of writes) this.#apply(write);
    });
  }

  /** Takes away what has ended. */
  purge(now: number): void {
    for (;;) {
      const { changes } = this.#purge.run(now);
      if (Number(changes) < purgedAtOnce) return;
    }
  }

  #apply(write: Write): void {
    if (write.type === "delete") this.#delete.run(write.namespace, write.key);
    else this.#put.run(write.namespace, write.key, write.value, write.metadata, write.expiration);
  }

  #transaction(body: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      body();
      this.#database.exec("COMMIT");
    } catch (error) {
      // Of some errors SQLite rolls back itself.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }
}
