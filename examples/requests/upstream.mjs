// A small HTTP server for the example to ask: answers every GET with its path and the time it took to think.
import http from "node:http";

const thinkMs = 50;

export async function start() {
  const server = http.createServer((request, response) => {
    setTimeout(() => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ path: request.url, thought: `${thinkMs} ms` }));
    }, thinkMs);
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address();
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
