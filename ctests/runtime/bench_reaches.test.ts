// ./dev bench http: how it measures, judges and tells, on peers that are made up; never how long anything takes.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { CASES } from "../../benchmarks/http/cases.mjs";
import { Peer, startServer } from "../../benchmarks/lib/peer.mjs";
import { inUnit, judge } from "../../benchmarks/lib/reaches.mjs";
import { measure, QUICK } from "../../benchmarks/lib/sampling.mjs";
import { rowOf, tableLines } from "../../benchmarks/lib/table.mjs";
import { v8Arguments } from "../../runtime/v8_flags.mjs";

const [anyCase] = CASES;
assert.ok(anyCase);

describe("the reaches of the benchmark http", () => {
  it("compares with a peer, upwards or downwards, or with nothing", () => {
    assert.equal(judge({ peer: "cpython", most: 1.1 }, 110, { cpython: 100 }).met, true);
    assert.equal(judge({ peer: "cpython", most: 1.1 }, 111, { cpython: 100 }).met, false);
    assert.equal(judge({ peer: "node_fetch", least: 0.7 }, 70, { node_fetch: 100 }).met, true);
    assert.equal(judge({ peer: "node_fetch", least: 0.7 }, 69, { node_fetch: 100 }).met, false);
    assert.equal(judge({ most: 60 }, 60, {}).met, true);
  });

  it("may ask for the processor's time as well", () => {
    const reach = { peer: "cpython", most: 1.1, cpu: 1 };
    assert.equal(judge(reach, 100, { cpython: 100 }, { ours: 9, cpython: 10 }).met, true);
    assert.deepEqual(judge(reach, 100, { cpython: 100 }, { ours: 12, cpython: 10 }), {
      met: false,
      text: "<= 1.1 x cpython: 1.00; processor <= 1 x: 1.20, missed",
    });
    assert.equal(judge(reach, 100, { cpython: 100 }).met, false);
  });

  it("is missed where a value is not there", () => {
    assert.deepEqual(judge({ peer: "cpython", most: 1.1 }, null, { cpython: 100 }), {
      met: false,
      text: "<= 1.1 x cpython: not measured",
    });
    assert.equal(judge({ peer: "cpython", most: 1.1 }, 100, { cpython: null }).met, false);
    assert.equal(judge({ peer: "cpython", most: 1.1 }, 100, {}).met, false);
  });

  it("is not judged without the peer that it compares with", () => {
    const row = rowOf({ ...anyCase, reach: { peer: "cpython", most: 1.1 } }, { ours: { us: 1, cpuUs: 1 } });
    assert.deepEqual(row.reach, { met: null, text: "is not judged without cpython" });
    assert.match(tableLines([row], ["ours"]).join("\n"), /^- {5}http_client is not judged without cpython$/m);
  });

  it("counts 10 MiB in megabytes a second", () => {
    assert.equal(inUnit({ unit: "MB/s", size: 10 * 1024 * 1024 }, 10 * 1024 * 1024), 1);
    assert.equal(inUnit({ unit: "ms" }, 1500), 1.5);
    assert.equal(inUnit({ unit: "1/s" }, 20), 50_000);
  });
});

describe("the samples of the benchmark http", () => {
  it("are medians of an iteration, in rounds that begin with each peer in turn", async () => {
    const asked: string[] = [];
    const peer = (name: string) => ({
      name,
      ask: async (_case: string, n: number) => {
        asked.push(name);
        return { us: 7 * n, cpuUs: 3 * n };
      },
    });
    const effort = { ...QUICK, rounds: 3, warmUpMs: 0 };
    const measured = await measure(anyCase, [peer("a"), peer("b")], effort);
    assert.deepEqual(measured, { a: { us: 7, cpuUs: 3 }, b: { us: 7, cpuUs: 3 } });
    assert.deepEqual(asked.slice(4), ["a", "b", "b", "a", "a", "b"]);
  });

  it("go on without a peer that fails, and say why", async () => {
    const good = { name: "good", ask: async (_case: string, n: number) => ({ us: n, cpuUs: n }) };
    const bad = { name: "bad", ask: () => Promise.reject(new Error("refused")) };
    const measured = await measure(anyCase, [bad, good], { ...QUICK, warmUpMs: 0 });
    assert.deepEqual(measured, { bad: { us: null, cpuUs: null, error: "refused" }, good: { us: 1, cpuUs: 1 } });
  });

  it("begin when a question has started the process, and carry what is noted", async () => {
    const asked: number[] = [];
    const peer = {
      name: "any",
      ask: async (_case: string, n: number) => {
        asked.push(n);
        return { us: n, cpuUs: n };
      },
      noteOf: (name: string) => `of ${name}`,
    };
    const measured = await measure({ ...anyCase, first: 20 }, [peer], { ...QUICK, warmUpMs: 0 });
    assert.deepEqual(measured, { any: { us: 1, cpuUs: 1, note: `of ${anyCase.name}` } });
    assert.deepEqual(asked.slice(0, 2), [1, 20]);
    assert.equal(asked.length, 3);
  });
});

describe("a peer of the benchmark http", () => {
  const program = (source: string) => new Peer("made up", [process.execPath, "--eval", source]);

  it("answers line by line, and is started again when it was lost", async () => {
    const peer = program(`process.stdin.once("data", () => { console.log('{"us":1,"cpuUs":2}'); process.exit(0); })`);
    assert.deepEqual(await peer.ask("any", 1, 10_000), { us: 1, cpuUs: 2 });
    await assert.rejects(peer.ask("any", 1, 10_000), /the process ended/);
    assert.deepEqual(await peer.ask("any", 1, 10_000), { us: 1, cpuUs: 2 });
    peer.stop();
  });

  it("fails with its last words, with its answer, or for silence", async () => {
    await assert.rejects(
      program(`console.error("no such thing"); process.exit(3)`).ask("any", 1, 10_000),
      /no such thing/,
    );
    const refuses = program(`process.stdin.on("data", () => console.log('{"error":"not here"}'))`);
    await assert.rejects(refuses.ask("any", 1, 10_000), /not here/);
    refuses.stop();
    await assert.rejects(program("process.stdin.resume()").ask("any", 1, 50), /no answer within 0.05 s/);
  });
});

describe("the server of the benchmark http", () => {
  it("answers what comes in pieces, and one after another", async () => {
    const server = await startServer();
    const { hostname, port } = new URL(server.url);
    const socket = net.connect(Number(port), hostname);
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    const answered = async (pattern: RegExp) => {
      while (!pattern.test(text)) await once(socket, "data");
      text = "";
    };
    socket.write("GET /short HTTP/1.1\r\nHo");
    socket.write("st: a\r\n\r\n");
    await answered(/^HTTP\/1\.1 200 OK\r\n.*hello, world\n$/s);
    socket.write("POST /take HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc");
    socket.write("defGET /short HTTP/1.1\r\n\r\n");
    await answered(/\r\n\r\n6HTTP\/1\.1 200 OK\r\n.*hello, world\n$/s);
    socket.destroy();
    server.close();
  });
});

describe("the table of the benchmark http", () => {
  it("has each side's ratio to cpython, the processor's time, the reaches and what failed", () => {
    const text = tableLines(
      [
        {
          case: "urllib3",
          unit: "us",
          ours: 200,
          peers: { cpython: 100, stock_fetch: null },
          cpuUs: { ours: 150, cpython: 90, stock_fetch: null },
          errors: { stock_fetch: "refused" },
          notes: { ours: "1 of 2 samples failed" },
          reach: { met: false, text: "<= 1.1 x cpython: 2.00, missed" },
        },
      ],
      ["ours", "cpython", "stock_fetch"],
    ).join("\n");
    assert.match(text, /^urllib3 +us +200 +2\.00x +100 +- +-$/m);
    assert.match(text, /^urllib3 +us +150 +1\.67x +90\.0 +- +-$/m);
    assert.match(text, /^MISS {2}urllib3 <= 1\.1 x cpython: 2\.00, missed$/m);
    assert.match(text, /^urllib3, stock_fetch: refused$/m);
    assert.match(text, /^urllib3, ours: 1 of 2 samples failed$/m);
  });
});

describe("the command line of the benchmark http", () => {
  it("refuses a case that is not there", async () => {
    const file = path.join(import.meta.dirname, "../../benchmarks/http.mjs");
    await assert.rejects(
      promisify(execFile)(process.execPath, [...v8Arguments, file, "--only", "nosuch"]),
      /there is no case "nosuch"; there are: http_client, /,
    );
  });

  it("refuses a peer that is not there", async () => {
    const file = path.join(import.meta.dirname, "../../benchmarks/http.mjs");
    await assert.rejects(
      promisify(execFile)(process.execPath, [...v8Arguments, file, "--peers", "cpython", "nosuch"]),
      /there is no peer "nosuch"; there are: cpython, .*, workerd\./,
    );
  });
});
