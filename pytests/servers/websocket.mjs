// A WebSocket server that sends each message back (RFC 6455), for clients to talk to.
import { createHash } from "node:crypto";

const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** @param {number} opcode @param {Buffer} payload */
function frame(opcode, payload) {
  const length = payload.length;
  const head =
    length < 126 ? Buffer.from([0x80 | opcode, length]) : Buffer.from([0x80 | opcode, 126, length >> 8, length & 0xff]);
  return Buffer.concat([head, payload]);
}

/**
 * The first frame of the bytes, which a client has masked; undefined when it is not there in full.
 * @param {Buffer} data
 */
function parse(data) {
  let at = 2;
  if (data.length < at) return undefined;
  let length = data[1] & 0x7f;
  if (length === 126) {
    if (data.length < 4) return undefined;
    length = data.readUInt16BE(2);
    at = 4;
  }
  const end = at + 4 + length;
  if (data.length < end) return undefined;
  const mask = data.subarray(at, at + 4);
  const payload = Buffer.from(data.subarray(at + 4, end).map((byte, index) => byte ^ mask[index % 4]));
  return { opcode: data[0] & 0x0f, payload, rest: data.subarray(end) };
}

/**
 * Answers the upgrade; messages of less than 64 KiB come back, `close`, `ping` and `drop` make the server do that.
 * @param {import("node:http").IncomingMessage} request @param {import("node:stream").Duplex} socket
 */
export function echo(request, socket) {
  if (request.url === "/refused") {
    socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}${guid}`).digest("base64");
  const protocol = request.headers["sec-websocket-protocol"]?.split(",")[0].trim();
  const more = protocol ? `Sec-WebSocket-Protocol: ${protocol}\r\n` : "";
  socket.on("error", () => {});
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n${more}\r\n`,
  );
  let data = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    data = Buffer.concat([data, chunk]);
    for (let found = parse(data); found !== undefined; found = parse(data)) {
      data = found.rest;
      const text = found.payload.toString();
      if (found.opcode === CLOSE) socket.end(frame(CLOSE, found.payload));
      else if (found.opcode === PING) socket.write(frame(PONG, found.payload));
      else if (found.opcode === PONG) socket.write(frame(1, Buffer.from(`pong ${text}`)));
      else if (text === "close") socket.write(frame(CLOSE, Buffer.from([0x0f, 0xa0, ...Buffer.from("enough")])));
      else if (text === "ping") socket.write(frame(PING, Buffer.from("you")));
      else if (text === "drop") socket.destroy();
      else socket.write(frame(found.opcode, found.payload));
    }
  });
}
