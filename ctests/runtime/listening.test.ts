// Where a server listens: on addresses in digits, whose sockets the addon binds, and on names, which Node looks up.
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import os from "node:os";
import { describe, it } from "node:test";
import { loadAddon } from "../../runtime/addon.ts";
import { createLog } from "../../runtime/log.ts";
import { startServer } from "../../runtime/server/http.ts";

const hasIpv6 = Object.values(os.networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));
const answering = {
  open: () => {
    throw new Error("nobody asks");
  },
};
const listening = (host: string, port = 0) => startServer(answering, createLog("json"), { host, port });

/** @param from an address of this machine */
async function connects(port: number, from: string): Promise<boolean> {
  const socket = net.connect(port, from);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** The host that is asked for, an address that leads there, and one that does not. */
type Place = readonly [string, string, string | undefined];

describe("a server listens", () => {
  it("on the address that it is given, and on that alone", async () => {
    const ipv6: Place[] = [
      ["::1", "::1", "127.0.0.1"],
      ["::", "127.0.0.1", undefined],
    ];
    const ipv4: Place[] = [
      ["127.0.0.1", "127.0.0.1", "127.0.0.2"],
      ["127.0.0.2", "127.0.0.2", "127.0.0.1"],
      ["0.0.0.0", "127.0.0.1", undefined],
      ["localhost", "localhost", undefined],
    ];
    for (const [host, from, other] of [...ipv4, ...(hasIpv6 ? ipv6 : [])]) {
      const server = await listening(host);
      const { hostname, port } = new URL(server.url);
      if (host !== "localhost") assert.equal(hostname.replace(/[[\]]/g, ""), host);
      assert.equal(await connects(Number(port), from), true, host);
      if (other !== undefined) assert.equal(await connects(Number(port), other), false, host);
      await server.close();
      assert.equal(await connects(Number(port), from), false, host);
    }
  });

  it("nowhere where the port is taken, or the address is not this machine's", async () => {
    const server = await listening("127.0.0.1");
    const { port } = new URL(server.url);
    await assert.rejects(listening("127.0.0.1", Number(port)), new RegExp(`port ${port} on 127\\.0\\.0\\.1 is in use`));
    await server.close();
    await assert.rejects(listening("192.0.2.1"), /192\.0\.2\.1 is no address of this machine/);
  });
});

describe("the addon binds", () => {
  it("nothing for what is no address in digits", () => {
    const { bindTcp } = loadAddon();
    for (const text of ["", "localhost", "127.0.0", "127.0.0.1 ", "[::1]", "1.2.3.4.5", "::1%lo"]) {
      assert.equal(bindTcp(text, 0), undefined, text);
    }
    for (const port of [-1, 65536, Number.NaN]) assert.throws(() => bindTcp("127.0.0.1", port), TypeError);
  });
});
