// Stands in for Anthropic's messages: says what it was asked, whole or word by word.
import http from "node:http";

const refuse = (response, status, type, message) => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ type: "error", error: { type, message } }));
};

async function answer(request, response) {
  let text = "";
  for await (const chunk of request) text += chunk;
  if (request.method !== "POST" || request.url !== "/v1/messages") {
    refuse(response, 404, "not_found_error", "there are messages only");
    return;
  }
  const { model, messages, stream } = JSON.parse(text);
  const asked = messages.at(-1).content;
  if (asked === "") {
    refuse(response, 400, "invalid_request_error", "nothing was asked");
    return;
  }
  const words = `You asked: ${asked}`.match(/\S+\s*/g);
  const message = { id: "msg_1", type: "message", role: "assistant", model, stop_reason: null, stop_sequence: null };
  const usage = { input_tokens: 1, output_tokens: words.length };
  if (!stream) {
    response.setHeader("content-type", "application/json");
    const content = [{ type: "text", text: words.join("") }];
    response.end(JSON.stringify({ ...message, stop_reason: "end_turn", content, usage }));
    return;
  }
  response.setHeader("content-type", "text/event-stream");
  const send = (type, rest) => response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);
  send("message_start", { message: { ...message, content: [], usage: { ...usage, output_tokens: 0 } } });
  send("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
  for (const word of words) send("content_block_delta", { index: 0, delta: { type: "text_delta", text: word } });
  send("content_block_stop", { index: 0 });
  send("message_delta", { delta: { stop_reason: "end_turn", stop_sequence: null }, usage });
  send("message_stop", {});
  response.end();
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
