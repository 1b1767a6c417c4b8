// Requests that come by way of a proxy: what a Worker is told of their clients, and which headers are believed.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Proxies } from "../../runtime/server/proxies.ts";
import type { Pairs } from "../../runtime/worker/header_text.ts";
import { Raw } from "./lib/raw_connection.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

describe("trusted proxies", () => {
  const proxies = new Proxies(["10.0.0.0/8", "192.0.2.7", "fd00::/8", "::1"]);
  const peer = { address: "10.0.0.1", port: "40000" };

  it("are those of the networks", () => {
    for (const address of ["10.1.2.3", "192.0.2.7", "fd00::1", "::1", "::ffff:10.1.2.3", "0:0:0:0:0:0:0:1"]) {
      assert.equal(proxies.trusts(address), true, address);
    }
    for (const address of ["11.0.0.1", "192.0.2.8", "fe00::1", "::2", "::ffff:11.0.0.1", "", "unknown"]) {
      assert.equal(proxies.trusts(address), false, address);
    }
  });

  for (const network of ["", "10.0.0.0/33", "::/129", "10.0.0.0/8/8", "10.0.0.0/", "localhost", "10.0.0.0/-1"]) {
    it(`are none of ${JSON.stringify(network)}`, () => {
      assert.throws(() => new Proxies([network]), { name: "UserError", message: /is no address and no network/ });
    });
  }

  const nothing = { client: peer, scheme: undefined, host: undefined };
  const client = { address: "198.51.100.1", port: "0" };
  const cases: readonly [string, Pairs, object][] = [
    ["nothing", [], nothing],
    [
      "each of the names",
      [
        ["x-forwarded-for", "198.51.100.1"],
        ["x-forwarded-proto", "https"],
        ["x-forwarded-host", "example.com"],
      ],
      { client, scheme: "https", host: "example.com" },
    ],
    ["a scheme alone", [["x-forwarded-proto", "https"]], { ...nothing, scheme: "https" }],
    [
      "what a client has written before",
      [["x-forwarded-for", "127.0.0.1, 10.9.9.9,198.51.100.1"]],
      { ...nothing, client },
    ],
    [
      "several lines",
      [
        ["x-forwarded-for", "127.0.0.1"],
        ["x-forwarded-for", "198.51.100.1"],
      ],
      { ...nothing, client },
    ],
    [
      "a chain, of which the first proxy has TLS",
      [
        ["x-forwarded-for", "203.0.113.1, 198.51.100.1, 10.0.0.2"],
        ["x-forwarded-proto", "http, https, http"],
        ["x-forwarded-host", "spoofed, example.com, inner"],
      ],
      { client, scheme: "https", host: "example.com" },
    ],
    [
      "an address with a port",
      [["x-forwarded-for", "198.51.100.1:443"]],
      { ...nothing, client: { ...client, port: "443" } },
    ],
    [
      "IPv6",
      [["x-forwarded-for", "[2001:db8::1]:443"]],
      { ...nothing, client: { address: "2001:db8::1", port: "443" } },
    ],
    [
      "IPv6 without brackets",
      [["x-forwarded-for", "2001:db8::1"]],
      { ...nothing, client: { address: "2001:db8::1", port: "0" } },
    ],
    ["no address", [["x-forwarded-for", "198.51.100.1, unknown"]], nothing],
    [
      "what is no scheme and no host",
      [
        ["x-forwarded-proto", "file"],
        ["x-forwarded-host", "a/b"],
      ],
      nothing,
    ],
    [
      "Forwarded",
      [["forwarded", 'for="[2001:db8::1]:443";proto=https;host="example.com"']],
      { client: { address: "2001:db8::1", port: "443" }, scheme: "https", host: "example.com" },
    ],
    [
      "Forwarded by several",
      [["forwarded", "for=203.0.113.1;proto=http, For=198.51.100.1; Proto=https, for=10.0.0.2;proto=http"]],
      { client, scheme: "https", host: undefined },
    ],
    [
      "Forwarded of nobody",
      [["forwarded", "for=198.51.100.1, for=_hidden;proto=https"]],
      { ...nothing, scheme: "https" },
    ],
    ["Forwarded that is not well written", [["forwarded", 'for="198.51.100.1']], nothing],
    [
      "the names, beside Forwarded",
      [
        ["forwarded", "for=203.0.113.1"],
        ["x-forwarded-for", "198.51.100.1"],
      ],
      { ...nothing, client },
    ],
  ];
  for (const [what, pairs, expected] of cases) {
    it(`say ${what}`, () => assert.deepEqual(proxies.read(peer, pairs), expected));
  }
});

const entry = `
import asgi

async def app(scope, receive, send):
    headers = dict(scope["headers"])
    said = [scope["scheme"], "{}:{}".format(*scope["server"]), scope["client"][0], headers[b"host"].decode()]
    said += [value.decode() for name, value in scope["headers"] if name == b"cf-connecting-ip"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": " ".join(said).encode()})

Default = asgi.entrypoint(app)
`;

describe("a Worker behind a proxy", () => {
  const forwarded = "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: example.com\r\n";
  let folder: WorkerFolder;
  before(() => {
    folder = workerFolder(entry);
  });
  after(() => folder.remove());
  let server: ServeProcess;
  afterEach(async () => {
    assert.equal(await server.stop(), 0);
  });

  /** What it says to plain requests, and to those that Node reads. */
  async function told(headers: string): Promise<string> {
    const answers: string[] = [];
    for (const start of ["GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nExpect: 100-continue\r\n"]) {
      const raw = new Raw(server.url).send(`${start}Host: inner:80\r\n${headers}Connection: close\r\n\r\n`);
      answers.push(
        /\r\n\r\n(?:HTTP\/1\.1 200[\s\S]*?\r\n\r\n)?(?:[\da-f]+\r\n)?(http.*)/.exec(await raw.end())?.[1] ?? "",
      );
    }
    const kept = new Raw(server.url).send(`GET / HTTP/1.1\r\nHost: inner:80\r\n${headers}\r\n`);
    const [, answer = ""] = await kept.until(/\r\n\r\n(?:[\da-f]+\r\n)?(http.*[\d.]+)(?:\r\n|$)/);
    answers.push(answer);
    kept.close();
    assert.deepEqual(new Set(answers).size, 1, answers.join("\n"));
    return answers[0] as string;
  }

  it("is told what one says that is trusted, and the log, too", async () => {
    server = await ServeProcess.start(
      folder.path,
      undefined,
      undefined,
      "--trusted-proxy",
      "127.0.0.0/8",
      "--trusted-proxy",
      "::1",
      "--access-log",
    );
    await server.logged(/ready after/);
    const spoofed = "CF-Connecting-IP: 203.0.113.9\r\n";
    assert.equal(await told(forwarded + spoofed), "https example.com:443 198.51.100.1 example.com 198.51.100.1");
    assert.equal(
      await told("Forwarded: for=198.51.100.1;proto=https\r\n"),
      "https inner:80 198.51.100.1 inner:80 198.51.100.1",
    );
    assert.equal(await told(spoofed), "http inner:80 127.0.0.1 inner:80 127.0.0.1");
    await server.logged(/^GET \/ 200/);
    const line = server.log.find(({ msg }) => msg.startsWith("GET / 200"));
    assert.equal((line as { client?: string }).client, "198.51.100.1");
  });

  it("is told whose connection it is, where none is trusted", async () => {
    server = await ServeProcess.start(folder.path, undefined, undefined, "--trusted-proxy", "10.0.0.0/8");
    await server.logged(/ready after/);
    const spoofed = `${forwarded}Forwarded: for=203.0.113.9;proto=https\r\nCF-Connecting-IP: 203.0.113.9\r\n`;
    assert.equal(await told(spoofed), "http inner:80 127.0.0.1 inner:80 127.0.0.1");
  });
});
