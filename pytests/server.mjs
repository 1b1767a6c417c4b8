// The HTTP server that the client tests ask, outside of the runtime, on loopback.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import zlib from "node:zlib";

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

async function listen(server) {
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return `127.0.0.1:${server.address().port}`;
}

function close(server) {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}

export async function start() {
  /** By the name of its certificate (tls/make.sh). @type {Map<string, https.Server>} */
  const secure = new Map();
  const answer = async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url, "http://localhost");
    if (url.pathname === "/secure-url") {
      const name = url.searchParams.get("certificate");
      if (!secure.has(name)) {
        const pem = readFileSync(new URL(`tls/${name}.pem`, import.meta.url));
        const ca = readFileSync(new URL("tls/authority.pem", import.meta.url));
        const options = { key: pem, cert: pem, ca, requestCert: true, rejectUnauthorized: false };
        secure.set(name, https.createServer(options, answer));
        await listen(secure.get(name));
      }
      response.end(`https://localhost:${secure.get(name).address().port}`);
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
  const server = http.createServer(answer);
  return {
    url: `http://${await listen(server)}`,
    close: async () => {
      await Promise.all([server, ...secure.values()].map(close));
    },
  };
}
