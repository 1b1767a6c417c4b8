// Clients whose requests come late, in parts or never: each gets a 408, and others are answered meanwhile.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createLog } from "../../runtime/log.ts";
import { type HttpServer, startServer } from "../../runtime/server/http.ts";
import { Raw } from "./lib/raw_connection.ts";

const answer = {
  status: 200,
  statusText: "OK",
  headers: [["content-length", "2"]],
  body: new TextEncoder().encode("ok"),
};

describe("a client that is slow", () => {
  let server: HttpServer;
  before(async () => {
    const open = () => ({ response: Promise.resolve(answer as never), isCancelled: false, cancel() {}, expire() {} });
    server = await startServer({ open }, createLog("json"), { host: "127.0.0.1", port: 0, limits: { headSeconds: 1 } });
  });
  after(() => server.close());

  const late = /^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*connection: close\r\n\r\nRequest Timeout\n$/;
  const whole = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  const first = /^HTTP\/1\.1 200 OK\r\n[\s\S]*ok/;

  it("and says nothing", async () => {
    assert.match(await new Raw(server.url).end(), late);
  });

  for (const [what, text] of [
    ["in its line", "GET / HT"],
    ["in its headers", "GET / HTTP/1.1\r\nHost: h\r\nA: "],
    ["before the end of its headers", "GET / HTTP/1.1\r\nHost: h\r\n"],
    ["in the headers of a body", "POST / HTTP/1.1\r\nContent-Length: 5\r\n"],
  ] as const) {
    it(`and ends ${what}`, async () => {
      const slow = new Raw(server.url).send(text);
      const other = new Raw(server.url).send(whole);
      await other.until(first);
      other.close();
      assert.match(await slow.end(), late);
    });
  }

  it("and sends a byte now and then", async () => {
    const slow = new Raw(server.url).send("GET / HTTP/1.1\r\nA: ");
    const sending = setInterval(() => slow.send("b"), 100);
    try {
      assert.match(await slow.end(), late);
    } finally {
      clearInterval(sending);
    }
  });

  it("at its second request", async () => {
    const slow = new Raw(server.url).send(whole);
    await slow.until(first);
    slow.send("GET / HT");
    assert.match((await slow.end()).replace(first, ""), late);
  });

  it("and asks nothing more, which is no fault", async () => {
    const idle = new Raw(server.url).send(whole);
    await idle.until(first);
    assert.equal((await idle.end()).replace(first, ""), "");
  });
});
