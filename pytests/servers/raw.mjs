// Answers that are no good HTTP, or HTTP that Node's server does not write: bytes as they stand, by path.
import net from "node:net";

const body = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";

/** @type {Record<string, string | ((socket: net.Socket) => void)>} */
const answers = {
  // Good ones, of which the connection is closed behind.
  "/reason": body.replace("OK", "Quite All Right"),
  "/no-reason": body.replace(" OK", ""),
  "/version-1.0": "HTTP/1.0 200 OK\r\nX-Old: yes\r\n\r\nuntil the end",
  "/continue": `HTTP/1.1 100 Continue\r\n\r\n${body}`,
  "/early-hints": `HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n${body}`,
  "/headers": `HTTP/1.1 200 OK\r\nX-Case: a\r\nx-case: b\r\nX-Empty:\r\nX-Latin: \xe9\r\nContent-Length: 0\r\n\r\n`,
  "/trailers": `${chunked}Trailer: X-Sum\r\n\r\n5\r\nhello\r\n6;name=value\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n`,
  "/many-chunks": `${chunked}\r\n${"1\r\nx\r\n".repeat(100)}0\r\n\r\n`,
  // Bad ones.
  "/no-http": "HELLO\r\n\r\n",
  "/bad-status": "HTTP/1.1 abc OK\r\n\r\n",
  "/bad-header": "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 4\r\n\r\nbody",
  "/bad-length": "HTTP/1.1 200 OK\r\nContent-Length: four\r\n\r\nbody",
  "/long-header": `HTTP/1.1 200 OK\r\nX-Long: ${"x".repeat(70_000)}\r\nContent-Length: 4\r\n\r\nbody`,
  "/many-headers": `HTTP/1.1 200 OK\r\n${"X-Many: 1\r\n".repeat(200)}Content-Length: 4\r\n\r\nbody`,
  "/short": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
  "/short-chunked": `${chunked}\r\n5\r\nhello\r\n`,
  "/bad-chunk": `${chunked}\r\nzz\r\nhello\r\n0\r\n\r\n`,
  "/bad-gzip": "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip",
  "/empty": "",
  "/reset": (socket) => socket.resetAndDestroy(),
  "/reset-in-body": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", () => {
      setTimeout(() => socket.resetAndDestroy(), 50);
    });
  },
  "/silent": () => {},
  "/reads-nothing": (socket) => socket.pause(),
  "/stall": (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin"),
};

/** Whether all of a request is there, by what its head says of its body. @param {string} request */
function isWhole(request) {
  const end = request.indexOf("\r\n\r\n");
  if (end < 0) return false;
  if (/^transfer-encoding: chunked/im.test(request.slice(0, end))) return request.endsWith("\r\n0\r\n\r\n");
  const [, length] = /^content-length: (\d+)/im.exec(request.slice(0, end)) ?? ["", "0"];
  return request.length >= end + 4 + Number(length);
}

/** @returns {net.Server} */
export function createRawServer() {
  return net.createServer((socket) => {
    let request = "";
    socket.setEncoding("latin1");
    socket.on("error", () => {});
    const read = (text) => {
      request += text;
      const path = request.split(" ")[1];
      if (path === "/as-it-came" ? !isWhole(request) : !request.includes("\r\n\r\n")) return;
      socket.off("data", read).resume();
      const echo = `HTTP/1.1 200 OK\r\nContent-Length: ${request.length}\r\n\r\n${request}`;
      const known = path === "/as-it-came" ? echo : answers[path];
      const answer = known ?? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
      if (typeof answer === "string") socket.end(answer, "latin1");
      else answer(socket);
    };
    socket.on("data", read);
  });
}
