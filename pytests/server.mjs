// The HTTP server that the client tests ask, outside of the runtime, on loopback.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { Readable } from "node:stream";
import zlib from "node:zlib";
import { startPostgresql, startRedis } from "./servers/databases.mjs";
import { startFull } from "./servers/full.mjs";
import { createProxy, seen } from "./servers/proxy.mjs";
import { createRawServer } from "./servers/raw.mjs";
import { echo } from "./servers/websocket.mjs";

/**
 * Requests that are never answered, by name: when each has come and when its client has gone.
 * @type {Map<string, Record<"come" | "gone", PromiseWithResolvers<void>>>}
 */
const held = new Map();

/** @param {URL} url */
function heldBy(url) {
  const name = url.searchParams.get("name");
  let entry = held.get(name);
  if (entry === undefined) {
    entry = { come: Promise.withResolvers(), gone: Promise.withResolvers() };
    held.set(name, entry);
  }
  return entry;
}

/** Responses that wait for others, by URL. @type {Map<string, Set<http.ServerResponse>>} */
const gathering = new Map();

/** How often a URL was asked for. @type {Map<string, number>} */
const asked = new Map();

/**
 * The number of a connection among those of all servers here, and how many requests came on it.
 * @type {WeakMap<import("node:net").Socket, {number: number, requests: number}>}
 */
const connections = new WeakMap();
let connectionCount = 0;

/** @param {import("node:net").Socket} socket */
function countConnection(socket) {
  connections.set(socket, { number: ++connectionCount, requests: 0 });
}

/** @param {URL} url `mib` of it, and how much a part has. */
function* parts(url) {
  const part = Buffer.alloc(1 << 16, "x");
  for (let left = Number(url.searchParams.get("mib")) * 16; left > 0; left--) yield part;
}

/**
 * Those that take the body as it comes.
 * @type {Record<string, (request: http.IncomingMessage, response: http.ServerResponse, url: URL) => void>}
 */
const streams = {
  "/parts": (request, response, url) => {
    request.resume();
    Readable.from(parts(url)).pipe(response);
  },
  "/count": async (request, response) => {
    let count = 0;
    for await (const chunk of request) count += chunk.length;
    response.end(`${count}`);
  },
};

/** @type {Record<string, (request: http.IncomingMessage, response: http.ServerResponse, url: URL, body: Buffer) => void>} */
const routes = {
  "/echo": (request, response, url, body) => {
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        method: request.method,
        query: url.search,
        headers: request.rawHeaders,
        body: body.toString("latin1"),
      }),
    );
  },
  "/client": (request, response) => response.end(`${request.socket.authorized}`),
  // Answered together, as soon as `count` of them have come.
  "/gathered": (_request, response, url) => {
    const waiting = gathering.get(url.href) ?? new Set();
    gathering.set(url.href, waiting.add(response));
    response.once("close", () => waiting.delete(response));
    if (waiting.size < Number(url.searchParams.get("count"))) return;
    gathering.delete(url.href);
    for (const each of waiting) each.end(JSON.stringify(connections.get(each.req.socket)));
  },
  "/slow-connection": (request, response, url) => {
    setTimeout(() => response.end(JSON.stringify(connections.get(request.socket))), Number(url.searchParams.get("ms")));
  },
  "/digest": (request, response) => {
    const challenge = 'Digest realm="tests", nonce="once", qop="auth", algorithm=SHA-256';
    if (!request.headers.authorization?.startsWith('Digest username="user"')) {
      response.writeHead(401, { "www-authenticate": challenge });
    }
    response.end();
  },
  "/last": (_request, response) => response.writeHead(200, { connection: "close" }).end("closes"),
  "/third-time": (_request, response, url) => {
    const times = (asked.get(url.href) ?? 0) + 1;
    asked.set(url.href, times);
    response.statusCode = times < 3 ? 503 : 200;
    response.end(times < 3 ? "later" : "now");
  },
  "/connection": (request, response) => response.end(JSON.stringify(connections.get(request.socket))),
  "/seen-by-proxy": (_request, response, url) =>
    response.end(JSON.stringify(seen[url.searchParams.get("kind")].splice(0))),
  "/loop": (_request, response) => response.writeHead(302, { location: "/loop" }).end(),
  "/see-other": (_request, response) => response.writeHead(303, { location: "/echo" }).end(),
  "/temporary": (_request, response) => response.writeHead(307, { location: "/echo" }).end(),
  "/status": (_request, response, url) => {
    response.statusCode = Number(url.searchParams.get("code"));
    response.end(response.statusCode === 204 || response.statusCode === 304 ? undefined : "status body");
  },
  "/cookies": (request, response) => {
    response.setHeader("set-cookie", ["a=1; Path=/", "b=2; Path=/"]);
    response.end(request.headers.cookie ?? "");
  },
  "/redirect": (_request, response) => {
    response.writeHead(302, { location: "/echo?redirected" });
    response.end();
  },
  "/gzip": (_request, response) => {
    response.setHeader("content-encoding", "gzip");
    response.end(zlib.gzipSync("packed ".repeat(100)));
  },
  "/large": (_request, response) => {
    response.end(Buffer.alloc(1_000_000, "x"));
  },
  "/slow-head": (_request, response, url) => {
    setTimeout(() => response.end("late"), Number(url.searchParams.get("ms")));
  },
  "/slow-body": (_request, response, url) => {
    response.write("begin");
    setTimeout(() => response.end("end"), Number(url.searchParams.get("ms")));
  },
  "/held": (_request, response, url) => {
    const entry = heldBy(url);
    response.once("close", () => entry.gone.resolve());
    if (url.searchParams.has("body")) response.write("begin");
    entry.come.resolve();
  },
  "/held-has-come": (_request, response, url) => heldBy(url).come.promise.then(() => response.end("come")),
  "/held-has-gone": (_request, response, url) => heldBy(url).gone.promise.then(() => response.end("gone")),
  "/reset": (request) => {
    request.socket.destroy();
  },
  "/cut": (request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("short");
    setTimeout(() => request.socket.destroy(), 20);
  },
};

/** @type {Set<import("node:net").Socket>} */
const sockets = new Set();

/** @param {import("node:net").Server} server */
async function listen(server, host = "127.0.0.1") {
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, host, resolve);
  });
  return `${host}:${server.address().port}`;
}

/** @type {Record<string, (name: string) => import("node:net").Server>} By the first part of their URLs' path here. */
const kinds = {
  "/raw-url": createRawServer,
  "/proxy-url": createProxy,
};

/** What is to be known of each, as JSON; it is started when it is first asked for. */
const programs = {
  "/full": startFull,
  "/postgresql": startPostgresql,
  "/redis": startRedis,
};

export async function start() {
  /** @type {Map<string, ReturnType<typeof startPostgresql>>} */
  const running = new Map();
  /** By the path and query of their URL. @type {Map<string, import("node:net").Server>} */
  const others = new Map();
  const other = async (url) => {
    if (!others.has(url.href)) {
      const name = url.searchParams.get("name");
      others.set(url.href, url.pathname === "/secure-url" ? secure(url) : kinds[url.pathname](name));
      await listen(others.get(url.href));
    }
    return others.get(url.href).address().port;
  };
  /** By the name of its certificate (tls/make.sh). */
  const secure = (url) => {
    const pem = readFileSync(new URL(`tls/${url.searchParams.get("certificate")}.pem`, import.meta.url));
    const ca = readFileSync(new URL("tls/authority.pem", import.meta.url));
    const options = { key: pem, cert: pem, ca, requestCert: true, rejectUnauthorized: false };
    return serve(https.createServer(options, answer), "secureConnection");
  };
  /** Its port; where this machine has no IPv6 the code of the error. */
  const overIPv6 = async () => {
    const server = others.get("ipv6") ?? serve(http.createServer(answer), "connection");
    try {
      if (!server.listening) await listen(server, "::1");
    } catch ({ code }) {
      return code;
    }
    others.set("ipv6", server);
    return `${server.address().port}`;
  };
  const serve = (server, connection) => server.on(connection, countConnection).on("upgrade", echo);
  const answer = async (request, response) => {
    connections.get(request.socket).requests += 1;
    const url = new URL(request.url, "http://localhost");
    if (url.pathname in streams) {
      streams[url.pathname](request, response, url);
      return;
    }
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (url.pathname in programs) {
      if (!running.has(url.pathname)) running.set(url.pathname, programs[url.pathname]());
      const program = await running.get(url.pathname).catch((error) => ({ known: { error: error.message } }));
      response.end(JSON.stringify(program.known));
      return;
    }
    if (url.pathname === "/secure-url") {
      response.end(`https://localhost:${await other(url)}`);
      return;
    }
    if (url.pathname in kinds) {
      const scheme = url.searchParams.get("name") === "tls" ? "https" : "http";
      response.end(`${scheme}://localhost:${await other(url)}`);
      return;
    }
    if (url.pathname === "/ipv6-port") {
      response.end(await overIPv6());
      return;
    }
    const route = routes[url.pathname];
    if (route === undefined) {
      response.statusCode = 404;
      response.end("no such route");
      return;
    }
    route(request, response, url, Buffer.concat(chunks));
  };
  const server = serve(http.createServer(answer), "connection");
  return {
    url: `http://${await listen(server)}`,
    close: async () => {
      const closed = [server, ...others.values()].map((each) => new Promise((resolve) => each.close(resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
      const started = await Promise.allSettled(running.values());
      await Promise.all(started.map((each) => each.value?.close()));
    },
  };
}
