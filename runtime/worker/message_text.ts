// A message between the pool and a Worker's thread as a text and bytes, which is what a channel of the addon carries.
//
// The two that each request has are written in a form of their own, which is several times as fast as JSON; others are JSON. A Worker may
// have written what is in a text: its fields are strings and numbers, whatever they hold.
import type { FromWorker, ToWorker } from "./protocol.ts";

type Message = ToWorker | FromWorker;
type Bytes = Uint8Array<ArrayBuffer> | null;
type Of<Type extends string> = Extract<Message, { type: Type }>;

const requestMark = "?";
const responseMark = "!";
/** Where the body is: there is none, it comes with the message, in chunks, or it is a WebSocket's. */
const [none, whole, inChunks, heldChunks, socket] = ["0", "1", "2", "3", "4"] as const;

function requestText({ id, method, url, body, held, client, headers }: Of<"request">): string {
  const kind = body === null ? none : body === true ? (held ? heldChunks : inChunks) : whole;
  return `${requestMark}${kind}${id} ${method} ${url}\n${client === "" ? "\n" : client}\n${headers}`;
}

function requestOf(text: string, bytes: Bytes): Of<"request"> {
  const afterId = text.indexOf(" ");
  const afterMethod = text.indexOf(" ", afterId + 1);
  const afterUrl = text.indexOf("\n", afterMethod);
  const afterAddress = text.indexOf("\n", afterUrl + 1);
  const afterClient = text.indexOf("\n", afterAddress + 1);
  const kind = text[1];
  return {
    type: "request",
    id: Number(text.slice(2, afterId)),
    method: text.slice(afterId + 1, afterMethod),
    url: text.slice(afterMethod + 1, afterUrl),
    headers: text.slice(afterClient + 1),
    body: kind === inChunks || kind === heldChunks ? true : bytes,
    held: kind === heldChunks,
    client: afterClient - afterUrl === 2 ? "" : text.slice(afterUrl + 1, afterClient),
  };
}

function responseText({ id, status, statusText, body, webSocket, headers }: Of<"response">): string {
  const kind = webSocket ? socket : body === null ? inChunks : whole;
  return `${responseMark}${kind}${id} ${status} ${statusText}\n${headers}`;
}

function responseOf(text: string, bytes: Bytes): Of<"response"> {
  const afterId = text.indexOf(" ");
  const afterStatus = text.indexOf(" ", afterId + 1);
  const afterReason = text.indexOf("\n", afterStatus);
  return {
    type: "response",
    id: Number(text.slice(2, afterId)),
    status: Number(text.slice(afterId + 1, afterStatus)),
    statusText: text.slice(afterStatus + 1, afterReason),
    headers: text.slice(afterReason + 1),
    body: bytes,
    webSocket: text[1] === socket,
  };
}

/** The message without its bytes, of which the sender keeps none, or the text that is to be such. */
export function encode(message: Message): [text: string, bytes: Uint8Array | string | null] {
  switch (message.type) {
    case "request":
      return [requestText(message), message.body === true ? null : message.body];
    case "response":
      return [responseText(message), message.body];
    case "served.message": {
      const { data, ...rest } = message;
      return typeof data === "string" ? [JSON.stringify(message), null] : [JSON.stringify(rest), data];
    }
    default: {
      if (!("bytes" in message) || !(message.bytes instanceof Uint8Array)) return [JSON.stringify(message), null];
      const { bytes, ...rest } = message;
      return [JSON.stringify(rest), bytes];
    }
  }
}

export function decode(text: string, bytes: Bytes): Message {
  if (text.startsWith(requestMark)) return requestOf(text, bytes);
  if (text.startsWith(responseMark)) return responseOf(text, bytes);
  const message = JSON.parse(text) as Message;
  if (bytes === null) return message;
  return Object.assign(message, message.type === "served.message" ? { data: bytes } : { bytes });
}
