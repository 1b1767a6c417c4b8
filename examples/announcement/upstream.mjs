// A server that tells what it was asked.
import { once } from "node:events";
import http from "node:http";

const items = [
  { name: "tea", price: 3 },
  { name: "cup", price: 4 },
];

export async function start() {
  const server = http.createServer(({ method, url, headers }, response) => {
    if (url === "/list") response.setHeader("content-type", "application/json").end(JSON.stringify({ items }));
    else if (url === "/echo") response.end(`${method} ${headers["x-hello"]} ${headers["x-many"]}\n`);
    else response.end(`the answer of ${url}\n`);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
