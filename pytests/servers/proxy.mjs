// HTTP proxies: they forward http, and tunnel what is asked for by CONNECT; over TLS themselves if they are to be.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";

/** What each proxy was asked for since it was last looked at, by its kind: "GET http://..." or "CONNECT host:port". */
export const seen = { plain: [], auth: [], tls: [] };

/** @param {keyof typeof seen} kind `auth` asks for the name `user` and the password `pass word`. */
export function createProxy(kind) {
  const wanted = `Basic ${Buffer.from("user:pass word").toString("base64")}`;
  const refuses = (request) => kind === "auth" && request.headers["proxy-authorization"] !== wanted;
  const forward = (request, response) => {
    seen[kind].push(`${request.method} ${new URL(request.url).pathname}`);
    if (refuses(request)) {
      response.writeHead(407, { "proxy-authenticate": "Basic" }).end("who are you?");
      return;
    }
    const { "proxy-authorization": _, "proxy-connection": __, ...headers } = request.headers;
    const onward = http.request(request.url, { method: request.method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode, { ...answer.headers, via: kind });
      answer.pipe(response);
    });
    onward.on("error", () => response.writeHead(502).end("bad gateway"));
    request.pipe(onward);
  };
  const pem = readFileSync(new URL("../tls/server.pem", import.meta.url));
  const server = kind === "tls" ? https.createServer({ key: pem, cert: pem }, forward) : http.createServer(forward);
  server.on("connect", (request, socket, head) => {
    seen[kind].push(`CONNECT ${request.headers["user-agent"] ? "as somebody" : "as nobody"}`);
    socket.on("error", () => {});
    if (refuses(request)) {
      socket.end(
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
      );
      return;
    }
    const [, host, port] = /^(.*):(\d+)$/.exec(request.url) ?? [];
    const onward = net.connect(Number(port), host === "localhost" ? "127.0.0.1" : host);
    onward.once("connect", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => {
      if (onward.connecting || !onward.bytesRead) socket.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
      else socket.destroy();
    });
    socket.on("close", () => onward.destroy());
  });
  return server;
}
