// Stands in for OpenAI's chat completions: says what it was asked, whole or word by word.
import http from "node:http";

const head = { id: "chatcmpl-1", created: 0, model: "stand-in" };

async function answer(request, response) {
  let text = "";
  for await (const chunk of request) text += chunk;
  if (request.method !== "POST" || request.url !== "/chat/completions") {
    response.writeHead(404, { "content-type": "application/json" });
    response.end('{"error": {"message": "there are chat completions only"}}');
    return;
  }
  const { messages, stream } = JSON.parse(text);
  const asked = messages.at(-1).content;
  if (asked === "") {
    response.writeHead(400, { "content-type": "application/json" });
    response.end('{"error": {"message": "nothing was asked"}}');
    return;
  }
  const content = `You asked: ${asked}`;
  const words = content.match(/\S+\s*/g);
  if (!stream) {
    response.setHeader("content-type", "application/json");
    const message = { role: "assistant", content };
    const usage = { prompt_tokens: 1, completion_tokens: words.length, total_tokens: words.length + 1 };
    const choices = [{ index: 0, message, finish_reason: "stop" }];
    response.end(JSON.stringify({ ...head, object: "chat.completion", choices, usage }));
    return;
  }
  response.setHeader("content-type", "text/event-stream");
  for (const word of words) {
    const choices = [{ index: 0, delta: { content: word }, finish_reason: null }];
    response.write(`data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices })}\n\n`);
  }
  response.end("data: [DONE]\n\n");
}

export async function start() {
  const server = http.createServer((request, response) => void answer(request, response));
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
