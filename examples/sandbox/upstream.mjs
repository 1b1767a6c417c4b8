// Stands in for a model that writes Python: its first code for a question uses a package that is not there, the next one does without.
import http from "node:http";

const first = (column) => `import pandas
pandas.read_csv("table.csv")["${column}"].agg("mean")
`;
const next = (column, what) => `import csv, statistics
with open("table.csv") as file:
    values = [float(row["${column}"]) for row in csv.DictReader(file)]
statistics.mean(values) if "${what}" == "mean" else sum(values)
`;

async function answer(request, response) {
  let text = "";
  for await (const chunk of request) text += chunk;
  response.setHeader("content-type", "application/json");
  if (request.method !== "POST" || request.url !== "/code") {
    response.writeHead(404);
    response.end('{"error": "there is /code only"}');
    return;
  }
  const { messages } = JSON.parse(text);
  const column = /column (\w+)/.exec(messages[0].content)?.[1] ?? "a";
  const what = /\bmean\b/.test(messages[0].content) ? "mean" : "sum";
  response.end(JSON.stringify({ code: messages.length === 1 ? first(column) : next(column, what) }));
}

export async function start() {
  const server = http.createServer((request, response) => void answer(request, response));
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address();
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
