// The store of KV below a Worker: what it keeps over kills, and which files it does not touch.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import { promisify } from "node:util";
import { databasePath, openForReading, openForWriting } from "../../runtime/bindings/kv/database.ts";
import { checkExpiry } from "../../runtime/bindings/kv/limits.ts";
import { openReader } from "../../runtime/bindings/kv/reader.ts";
import { KvStore } from "../../runtime/bindings/kv/store.ts";
import { Writer } from "../../runtime/bindings/kv/writer.ts";
import { UserError } from "../../runtime/user_error.ts";
import { KvClient } from "./lib/kv_client.ts";

const lib = (name: string): string => path.join(import.meta.dirname, "lib", name);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "blockon-kv-"));
});
afterEach(async () => {
  await KvClient.closeAll();
  rmSync(folder, { recursive: true });
});

const text = (key: string, namespace = "n"): string | undefined => {
  const entry = openReader(folder).get(namespace, Buffer.from(key));
  return entry && Buffer.from(entry.value).toString();
};

async function refused(expected: RegExp): Promise<void> {
  await assert.rejects(
    KvStore.open(folder, () => {}),
    (error: unknown) => error instanceof UserError && expected.test(error.message),
  );
}

describe("the store of KV", () => {
  it("keeps values by namespace and key, and replaces and deletes them", async () => {
    const client = await KvClient.open(folder);
    await client.put("a", "one", { metadata: '{"b":2}' });
    await client.put("a", "other", { namespace: "m" });
    assert.equal(text("a"), "one");
    assert.equal(text("a", "m"), "other");
    assert.equal(openReader(folder).get("n", Buffer.from("a"))?.metadata, '{"b":2}');
    await client.put("a", "");
    assert.equal(text("a"), "");
    await client.delete("a");
    await client.delete("never was");
    assert.equal(text("a"), undefined);
    assert.equal(text("a", "m"), "other");
    await client.close();
  });

  it("lists in the order of the bytes, by prefix, page by page", async () => {
    const client = await KvClient.open(folder);
    const keys = ["b", "b\u0000", "bä", "b\u{1F600}", "c", "a", "b/1", "b/10", "b/2"];
    await Promise.all(keys.map((key) => client.put(key, key, { expiration: key === "a" ? 4_000_000_000 : null })));
    const reader = openReader(folder);
    const all = reader.list("n", Buffer.from(""), 1000, null);
    const sorted = keys.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
    assert.deepEqual(
      all.keys.map(({ name }) => name),
      sorted,
    );
    assert.deepEqual(all.keys[0], { name: "a", expiration: 4_000_000_000 });
    assert.equal(all.cursor, null);
    const paged: string[] = [];
    let pages = 0;
    for (let cursor: string | null = null; pages === 0 || cursor !== null; pages++) {
      const page = reader.list("n", Buffer.from("b"), 2, cursor);
      paged.push(...page.keys.map(({ name }) => name));
      cursor = page.cursor;
    }
    assert.deepEqual(
      paged,
      sorted.filter((key) => key.startsWith("b")),
    );
    assert.equal(pages, 4);
    assert.throws(() => reader.list("n", Buffer.from(""), 2, "no cursor!"), RangeError);
    await client.close();
  });

  it("does not show what has ended, and takes it away", async () => {
    const client = await KvClient.open(folder);
    await client.put("gone", "x", { expiration: 1000 });
    await client.put("there", "x", { expiration: 4_000_000_000 });
    assert.equal(text("gone"), undefined);
    assert.equal(text("there"), "x");
    assert.deepEqual(
      openReader(folder)
        .list("n", Buffer.from(""), 1000, null)
        .keys.map(({ name }) => name),
      ["there"],
    );
    await client.close();
    const database = openForWriting(folder);
    new Writer(database).purge(2000);
    assert.equal(database.prepare("SELECT count(*) AS rows FROM entry").get()?.rows, 1);
    database.close();
  });

  it("computes when a value ends as Cloudflare does", () => {
    const now = 1_000_000;
    assert.equal(checkExpiry({ expiration: null, expirationTtl: null }, now), null);
    assert.equal(checkExpiry({ expiration: now + 60, expirationTtl: null }, now), now + 60);
    assert.equal(checkExpiry({ expiration: now + 600, expirationTtl: 60 }, now), now + 60);
    for (const expirationTtl of [0, -1, 59, 1.5, Number.NaN]) {
      assert.throws(() => checkExpiry({ expiration: null, expirationTtl }, now), /KV PUT failed: 400 expirationTtl/);
    }
    for (const expiration of [0, now, now + 59]) {
      assert.throws(() => checkExpiry({ expiration, expirationTtl: null }, now), /KV PUT failed: 400 expiration /);
    }
  });

  it("has each acknowledged value after kills in the middle of puts", async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, [lib("kv_putter.ts"), folder, String(round * 1_000_000)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let out = "";
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        out += chunk;
        if (out.length > 1000 * (round + 1)) child.kill("SIGKILL");
      });
      const [, signal] = (await once(child, "close")) as [number | null, string | null];
      assert.equal(signal, "SIGKILL");
      acknowledged.push(...out.slice(0, out.lastIndexOf("\n")).split("\n"));
    }
    assert.ok(acknowledged.length > 1000, String(acknowledged.length));
    const client = await KvClient.open(folder);
    for (const key of acknowledged) assert.equal(text(key), key.replace("key", "value").padEnd(1000, "."));
    await client.put("after", "all");
    await client.close();
  });

  it("takes what two servers write to one folder at once", async () => {
    const clients = await Promise.all(Array.from({ length: 3 }, () => KvClient.open(folder)));
    await Promise.all(
      clients.flatMap((client, who) => Array.from({ length: 100 }, (_, n) => client.put(`${who}/${n}`, "x"))),
    );
    const counted = clients.map(
      (_, who) => openReader(folder).list("n", Buffer.from(`${who}/`), 1000, null).keys.length,
    );
    assert.deepEqual(counted, [100, 100, 100]);
    await Promise.all(clients.map((client) => client.close()));
  });

  it("takes what two processes write at once, and what both were told is there after their kill", async () => {
    const acknowledged = await Promise.all(
      [0, 1].map(async (who) => {
        const child = spawn(process.execPath, [lib("kv_putter.ts"), folder, String(who * 1_000_000)], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        let out = "";
        child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
          out += chunk;
          if (out.length > 3000) child.kill("SIGKILL");
        });
        await once(child, "close");
        return out.slice(0, out.lastIndexOf("\n")).split("\n");
      }),
    );
    const client = await KvClient.open(folder);
    for (const key of acknowledged.flat()) assert.equal(text(key), key.replace("key", "value").padEnd(1000, "."));
    assert.ok(acknowledged.every((keys) => keys.length > 100));
    await client.close();
  });

  it("says when the disk is full, and loses nothing by it", async () => {
    const command = `ulimit -f 4000 && exec "$0" "$@"`;
    const { stdout } = await promisify(execFile)("sh", ["-c", command, process.execPath, lib("kv_filler.ts"), folder]);
    const told = JSON.parse(stdout) as { acknowledged: string[]; problem: string; together: string[] };
    assert.match(told.problem, /kv\.sqlite/);
    assert.ok(told.acknowledged.length > 5);
    assert.equal(told.together[1], "rejected");
    const client = await KvClient.open(folder);
    for (const key of told.acknowledged) {
      const gone = key === "key0" && told.together[0] === "fulfilled";
      assert.equal(text(key) !== undefined, !gone, key);
    }
    assert.equal(text("small") !== undefined, told.together[2] === "fulfilled");
    assert.equal(text("great"), undefined);
    await client.close();
  });

  it("tells a full database from other failures", () => {
    const database = openForWriting(folder);
    database.exec("PRAGMA max_page_count = 20");
    const put = { type: "put", id: 1, namespace: "n", metadata: null, expiration: null } as const;
    const writer = new Writer(database);
    assert.throws(
      () => writer.write([{ ...put, key: Buffer.from("a"), value: new Uint8Array(1_000_000) }]),
      (error: unknown) => (error as { errcode: number }).errcode === 13,
    );
    writer.write([{ ...put, key: Buffer.from("b"), value: Buffer.from("small") }]);
    assert.equal(text("b"), "small");
    database.close();
  });

  it("refuses a damaged file, and leaves it as it is", async () => {
    const file = databasePath(folder);
    writeFileSync(file, "this is no database".repeat(100));
    const before = readFileSync(file);
    await refused(/kv\.sqlite is damaged, or no database\. It was left as it is\. .*\.recover/);
    assert.deepEqual(readFileSync(file), before);

    rmSync(file);
    const client = await KvClient.open(folder);
    await Promise.all(Array.from({ length: 300 }, (_, n) => client.put(`key${n}`, "x".repeat(2000))));
    await client.close();
    copyFileSync(file, `${file}.whole`);
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 8192, 8192 + 4096 * 20);
    writeFileSync(file, bytes);
    await refused(/is damaged/);
    assert.deepEqual(readFileSync(file), bytes);

    copyFileSync(`${file}.whole`, file);
    truncateSync(file, 20_000);
    await refused(/is damaged/);
  });

  it("refuses a database of another program, and one of a later version", async () => {
    const file = databasePath(folder);
    const other = new DatabaseSync(file);
    other.exec("CREATE TABLE notes (text)");
    other.close();
    const before = readFileSync(file);
    await refused(/is a database of another program, and was left as it is/);
    assert.deepEqual(readFileSync(file), before);

    rmSync(file);
    await (await KvClient.open(folder)).close();
    const later = new DatabaseSync(file);
    later.exec("PRAGMA user_version = 99");
    later.close();
    await refused(/has version 99 of this format, and this blockon knows version 1/);
  });

  it("refuses a folder that cannot be made", async () => {
    writeFileSync(path.join(folder, "file"), "");
    await assert.rejects(
      KvStore.open(path.join(folder, "file", "state"), () => {}),
      /the folder for state cannot be made: .*--state DIR/,
    );
  });

  it("tells who waits for a write when its thread ends", async () => {
    const client = await KvClient.open(folder);
    const closed = once(client.port, "close");
    await client.store.close();
    await closed;
    await once(client.store.newPort(), "close");
    assert.throws(() => openForReading(path.join(folder, "nowhere")), /unable to open/);
  });
});
