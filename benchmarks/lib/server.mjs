// The server of ./dev bench http, in a process of its own: node server.mjs prints its URL and ends when its stdin does.
//
// On bare sockets, since Node's own server would take longer for an answer than some of the clients. It takes no more than
// those send: requests with a Content-Length or none, one after another on a connection.
import net from "node:net";

const SLOW_MS = 100;
const UPSTREAM_MS = 50;
const LARGE = Buffer.alloc(10 * 1024 * 1024);

const answer = (body) =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`),
    body,
  ]);
const short = answer(Buffer.from("hello, world\n"));
const large = answer(LARGE);

/** @type {Record<string, (socket: net.Socket, taken: number) => void>} */
const routes = {
  "/short": (socket) => socket.write(short),
  "/large": (socket) => socket.write(large),
  "/slow": (socket) => setTimeout(() => socket.write(short), SLOW_MS),
  "/upstream": (socket) => setTimeout(() => socket.write(short), UPSTREAM_MS),
  "/take": (socket, taken) => socket.write(answer(Buffer.from(String(taken)))),
};

/** @param {net.Socket} socket */
function serve(socket) {
  let head = Buffer.alloc(0);
  /** @type {{route: (socket: net.Socket, taken: number) => void, length: number, left: number} | undefined} */
  let request;
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    let rest = chunk;
    while (rest.length > 0) {
      if (request === undefined) {
        head = head.length === 0 ? rest : Buffer.concat([head, rest]);
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) return;
        const text = head.toString("latin1", 0, end);
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
        const route = routes[text.slice(text.indexOf(" ") + 1, text.indexOf(" HTTP/"))];
        if (route === undefined) {
          socket.destroy();
          return;
        }
        request = { route, length, left: length };
        rest = head.subarray(end + 4);
        head = Buffer.alloc(0);
      }
      const taken = Math.min(request.left, rest.length);
      request.left -= taken;
      rest = rest.subarray(taken);
      if (request.left > 0) return;
      request.route(socket, request.length);
      request = undefined;
    }
  });
}

const server = net.createServer(serve);
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  const address = /** @type {net.AddressInfo} */ (server.address());
  console.log(`http://127.0.0.1:${address.port}`);
});
process.stdin.on("end", () => process.exit(0)).resume();
