// connect() of cloudflare:sockets: TCP, TLS, TLS that begins later, and what the outbound policy allows.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import net, { type AddressInfo, type Socket } from "node:net";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";
import { packageRoot } from "../../runtime/layout.ts";
import { failing, run, scriptWorker } from "./lib/script_worker.ts";
import { blockon, ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const pem = (name: string): string => path.join(packageRoot, "pytests", "tls", `${name}.pem`);

/** Says what it gets in capitals, and after "end" no more. */
function shout(socket: Socket): void {
  socket.on("data", (data) => {
    if (String(data) === "end") socket.end();
    else socket.write(String(data).toUpperCase());
  });
  socket.on("error", () => socket.destroy());
}

const helpers = `
from workers import import_from_javascript
connect = import_from_javascript("cloudflare:sockets").connect

class Peer:
    def __init__(self, socket):
        self.socket = socket
        self.reader = socket.readable.getReader()
        self.writer = socket.writable.getWriter()

    def say(self, data):
        run_sync(self.writer.write(to_js(data)))

    def hear(self, size):
        data = b""
        while len(data) < size:
            part = run_sync(self.reader.read())
            if part.done:
                break
            data += part.value.to_bytes()
        return data.decode()
`;

describe("cloudflare:sockets", () => {
  const certificate = readFileSync(pem("server"));
  const servers = {
    plain: net.createServer({ allowHalfOpen: true }, shout),
    secure: tls.createServer({ cert: certificate, key: certificate }, shout),
    stranger: tls.createServer(
      { cert: readFileSync(pem("self_signed")), key: readFileSync(pem("self_signed")) },
      shout,
    ),
    other: tls.createServer({ cert: readFileSync(pem("other")), key: readFileSync(pem("other")) }, shout),
    upgrading: net.createServer((socket) => {
      socket.once("data", (data) => {
        assert.equal(String(data), "STARTTLS");
        socket.write("GO", () => {
          const secured = new tls.TLSSocket(socket, { isServer: true, cert: certificate, key: certificate });
          shout(secured);
        });
      });
    }),
    whole: net.createServer((socket) => {
      socket.on("error", () => socket.destroy());
      let size = 0;
      socket.on("data", (data) => {
        size += data.length;
        if (size === 5_000_000) socket.end("x".repeat(3_000_000));
      });
    }),
  };
  const port = (name: keyof typeof servers): number => (servers[name].address() as AddressInfo).port;
  let folder: WorkerFolder;
  let server: ServeProcess;
  const result = (script: string): Promise<unknown> => run(server, helpers + script);
  const error = (script: string): Promise<string> => failing(server, helpers + script);

  before(async () => {
    for (const each of Object.values(servers)) await once(each.listen(0, "127.0.0.1"), "listening");
    folder = workerFolder(
      scriptWorker,
      ["python_run_sync"],
      '[blockon.outbound]\ndeny = ["denied.example", "10.0.0.0/8", "fd00::/8"]\n',
    );
    server = await ServeProcess.start(folder.path, blockon, { ...process.env, NODE_EXTRA_CA_CERTS: pem("authority") });
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    for (const each of Object.values(servers)) each.close();
    folder.remove();
  });

  it("connects, reads and writes, and ends", async () => {
    const script = `
socket = connect("127.0.0.1:${port("plain")}")
info = run_sync(socket.opened)
peer = Peer(socket)
peer.say(b"hello")
heard = [peer.hear(5)]
peer.say(b"end")
heard.append(peer.hear(1))
run_sync(peer.writer.close())
run_sync(socket.closed)
result = [heard, info.remoteAddress, info.localAddress.startswith("127.0.0.1:"), socket.secureTransport, socket.upgraded]`;
    const remote = `127.0.0.1:${port("plain")}`;
    assert.deepEqual(await result(script), [["HELLO", ""], remote, true, "off", false]);
  });

  it("has TLS at once, with the peer's name checked", async () => {
    const script = (host: string): string => `
peer = Peer(connect({"hostname": "${host}", "port": ${port("secure")}}, secureTransport="on"))
peer.say(b"secret")
result = peer.hear(6)
run_sync(peer.socket.close())`;
    assert.equal(await result(script("localhost")), "SECRET");
    const strange = (name: "stranger" | "other"): Promise<string> =>
      error(`run_sync(connect("localhost:${port(name)}", secureTransport="on").opened)`);
    assert.match(await strange("stranger"), /self-signed certificate/);
    assert.match(await strange("other"), /Hostname\/IP does not match certificate's altnames/);
  });

  it("has TLS from startTls on", async () => {
    const script = `
first = Peer(connect("localhost:${port("upgrading")}", secureTransport="starttls"))
first.say(b"STARTTLS")
heard = [first.hear(2)]
socket = first.socket.startTls()
second = Peer(socket)
run_sync(socket.opened)
second.say(b"now")
heard.append(second.hear(3))
run_sync(first.socket.closed)
run_sync(socket.close())
run_sync(socket.closed)
result = [heard, first.socket.upgraded, socket.upgraded, socket.secureTransport]`;
    assert.deepEqual(await result(script), [["GO", "NOW"], true, false, "on"]);
    const never = `connect("localhost:${port("plain")}").startTls()`;
    assert.match(await error(never), /startTls: the socket was not connected with secureTransport: "starttls"/);
  });

  it("sends and takes more than is kept", async () => {
    const script = `
peer = Peer(connect("127.0.0.1:${port("whole")}"))
peer.say(bytes(5_000_000))
result = len(peer.hear(4_000_000))`;
    assert.equal(await result(script), 3_000_000);
  });

  it("is closed by close(), before it is open as well", async () => {
    const place = `"127.0.0.1:${port("plain")}"`;
    const early = `socket = connect(${place})\nrun_sync(socket.close())\nrun_sync(socket.closed)\nrun_sync(socket.opened)`;
    assert.match(await error(early), /the socket is closed/);
    const late = `peer = Peer(connect(${place}))\npeer.say(b"x")\nrun_sync(peer.socket.close())\npeer.say(b"y")`;
    assert.match(await error(late), /the socket is closed/);
  });

  it("says what is wrong", async () => {
    assert.match(await error(`connect("localhost")`), /TypeError: connect: the address is "HOST:PORT"/);
    assert.match(await error(`connect("localhost:99999")`), /a port from 1 to 65535/);
    assert.match(await error(`connect("localhost:1", secureTransport="tls")`), /secureTransport is "off", "on"/);
    assert.match(
      await error(`Peer(connect("127.0.0.1:${port("plain")}")).say("text")`),
      /a socket writes bytes .*, not string/,
    );
    const closed = net.createServer();
    await once(closed.listen(0, "127.0.0.1"), "listening");
    const { port: free } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, "close");
    assert.match(await error(`run_sync(connect("127.0.0.1:${free}").opened)`), /ECONNREFUSED/);
  });

  it("asks the outbound policy, for names and for addresses", async () => {
    assert.match(await error(`run_sync(connect("10.1.2.3:80").opened)`), /the outbound policy refuses 10\.1\.2\.3:80/);
    assert.match(
      await error(`run_sync(connect("denied.example:80").opened)`),
      /the outbound policy refuses denied\.example/,
    );
    assert.match(await error(`run_sync(connect("[fd00::1]:80").opened)`), /the outbound policy refuses fd00::1:80/);
  });
});
