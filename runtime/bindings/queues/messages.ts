// Messages in the file of queues. What is delivered is kept until it is settled: a server that is killed meanwhile delivers it again.
import { randomBytes } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { keptMs } from "./limits.ts";
import { isAlive, type ProcessMark } from "./process_mark.ts";
import type { Delivered, Outcome, Send } from "./protocol.ts";

export interface Readiness {
  /** Of those that are due, up to what was asked for. */
  readonly count: number;
  /** When the first of them was due. */
  readonly first: number | undefined;
  /** When the next one is. */
  readonly next: number | undefined;
}

const unleased = "sequence NOT IN (SELECT sequence FROM temp.leased)";

const numberOrUndefined = (value: unknown): number | undefined => (value === null ? undefined : Number(value));

/** Throws what SQLite does; then nothing has changed. */
export class Messages {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    // Those that are on their way, which another start knows nothing of.
    database.exec("PRAGMA temp_store = MEMORY; CREATE TEMP TABLE leased (sequence INTEGER PRIMARY KEY)");
  }

  /** All of them, or none. */
  send(sends: readonly Send[], now: number): void {
    const insert = this.#statement(
      "INSERT INTO message (queue, id, sent, due, attempts, type, body) VALUES (?, ?, ?, ?, 0, ?, ?)",
    );
    this.#transaction(() => {
      for (const { queue, messages } of sends) {
        for (const { contentType, body, delaySeconds } of messages) {
          insert.run(queue, randomBytes(16).toString("hex"), now, now + delaySeconds * 1000, contentType, body);
        }
      }
    });
  }

  ready(queue: string, size: number, now: number): Readiness {
    const row = this.#statement(
      `SELECT count(*) AS count, min(due) AS first FROM
       (SELECT due FROM message WHERE queue = ? AND due <= ? AND ${unleased} ORDER BY due, sequence LIMIT ?)`,
    ).get(queue, now, size);
    const later = this.#statement("SELECT min(due) AS next FROM message WHERE queue = ? AND due > ?").get(queue, now);
    return {
      count: Number(row?.count),
      first: numberOrUndefined(row?.first),
      next: numberOrUndefined(later?.next),
    };
  }

  /** Those that are due, the oldest first. Each counts as an attempt from now on, whatever becomes of it. */
  lease(queue: string, size: number, now: number): Delivered[] {
    const select = this.#statement(
      `SELECT sequence, id, sent, attempts, type, body FROM message
       WHERE queue = ? AND due <= ? AND ${unleased} ORDER BY due, sequence LIMIT ?`,
    );
    const count = this.#statement("UPDATE message SET attempts = attempts + 1 WHERE sequence = ?");
    const lease = this.#statement("INSERT INTO temp.leased VALUES (?)");
    return this.#transaction(() =>
      select.all(queue, now, size).map((row) => {
        const sequence = Number(row.sequence);
        count.run(sequence);
        lease.run(sequence);
        return {
          sequence,
          id: String(row.id),
          sent: Number(row.sent),
          attempts: Number(row.attempts) + 1,
          contentType: String(row.type),
          body: row.body as Uint8Array,
        };
      }),
    );
  }

  settle({ acked, retried, dead, released }: Outcome, now: number): void {
    const remove = this.#statement("DELETE FROM message WHERE sequence = ?");
    const retry = this.#statement("UPDATE message SET due = ? WHERE sequence = ?");
    const move = this.#statement("UPDATE message SET queue = ?, sent = ?, due = ?, attempts = 0 WHERE sequence = ?");
    const uncount = this.#statement("UPDATE message SET attempts = attempts - 1 WHERE sequence = ?");
    const unlease = this.#statement("DELETE FROM temp.leased WHERE sequence = ?");
    this.#transaction(() => {
      for (const sequence of acked) remove.run(sequence);
      for (const { sequence, delaySeconds } of retried) retry.run(now + delaySeconds * 1000, sequence);
      for (const sequence of dead.sequences) {
        if (dead.queue === undefined) remove.run(sequence);
        else move.run(dead.queue, now, now, sequence);
      }
      for (const sequence of released) uncount.run(sequence);
      const all = [...acked, ...retried.map(({ sequence }) => sequence), ...dead.sequences, ...released];
      for (const sequence of all) unlease.run(sequence);
    });
  }

  /**
   * Has a process take a queue's messages, unless another does that is alive.
   * @returns That other one.
   */
  claim(queue: string, own: ProcessMark): ProcessMark | undefined {
    const select = this.#statement("SELECT pid, started FROM consumer WHERE queue = ?");
    const take = this.#statement("INSERT OR REPLACE INTO consumer (queue, pid, started) VALUES (?, ?, ?)");
    return this.#transaction(() => {
      const row = select.get(queue);
      const mark = row && { pid: Number(row.pid), started: String(row.started) };
      const isOwn = mark?.pid === own.pid && mark.started === own.started;
      if (mark !== undefined && !isOwn && isAlive(mark)) return mark;
      if (!isOwn) take.run(queue, own.pid, own.started);
      return undefined;
    });
  }

  /** Lets go of the queues that it took. */
  disclaim({ pid, started }: ProcessMark): void {
    this.#statement("DELETE FROM consumer WHERE pid = ? AND started = ?").run(pid, started);
  }

  /** Takes away what nobody has taken for too long; how many there were, by their queues. */
  purge(now: number): Map<string, number> {
    const rows = this.#statement(`DELETE FROM message WHERE sent < ? AND ${unleased} RETURNING queue`).all(
      now - keptMs,
    );
    return new Map([...Map.groupBy(rows, ({ queue }) => String(queue))].map(([queue, of]) => [queue, of.length]));
  }

  #statement(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#database.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  #transaction<T>(body: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = body();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      // Of some errors SQLite rolls back itself.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }
}
