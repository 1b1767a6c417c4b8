// Connections that a realm opens by `connect` of cloudflare:sockets: TCP of the host, over which TLS may begin at once or later. Bytes come within the
// credit that the realm gives (../flow.ts); a write is told when the system has taken it. runtime/realm/72-sockets.js says which messages there are.
import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { codeOf, messageOf } from "../../user_error.ts";
import { pieceBytes, windowBytes } from "../flow.ts";
import { bounded } from "../text.ts";
import { type LaterOperations, needNumber, needString, type Operations, type SendToRealm } from "./operations.ts";
import { isIP, type Outbound, tcpConnector } from "./outbound.ts";

/** How many a realm may have at a time. */
const mostConnections = 10_000;
const connectMs = 30_000;
const mostErrorCharacters = 1000;

interface Connection {
  /** What bytes go by: the TCP connection, or TLS over it. */
  stream: Socket;
  readonly hostname: string;
  isSecure: boolean;
  /** Bytes that may be sent to the realm. */
  credit: number;
  /** Nobody reads what comes. */
  isDiscarding: boolean;
}

const addressOf = (host: string | undefined, port: number | undefined): string =>
  host === undefined ? "" : `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;

export function tcpOperations(send: SendToRealm, outbound: Outbound): LaterOperations {
  const connect = tcpConnector(outbound);
  const connections = new Map<number, Connection>();

  const find = (id: number): Connection | undefined => connections.get(id);

  function fail(id: number, connection: Connection, error: unknown): void {
    if (find(id) !== connection) return;
    connections.delete(id);
    connection.stream.destroy();
    send("tcp.error", id, codeOf(error) ?? "ERR_SOCKET", bounded(messageOf(error), mostErrorCharacters));
  }

  function receive(id: number, connection: Connection, bytes: Buffer): void {
    if (connection.isDiscarding) return;
    for (let from = 0; from < bytes.length; from += pieceBytes)
      send("tcp.chunk", id, bytes.subarray(from, from + pieceBytes));
    connection.credit -= bytes.length;
    if (connection.credit <= 0) connection.stream.pause();
  }

  /** From now on the connection's bytes are this stream's. */
  function use(id: number, connection: Connection, stream: Socket): void {
    connection.stream = stream;
    const isCurrent = (): boolean => connection.stream === stream && find(id) === connection;
    stream.on("data", (bytes: Buffer) => {
      if (isCurrent()) receive(id, connection, bytes);
    });
    stream.on("end", () => {
      if (isCurrent()) send("tcp.end", id);
    });
    stream.on("error", (error) => {
      if (isCurrent()) fail(id, connection, error);
    });
    stream.on("close", () => {
      if (!isCurrent()) return;
      connections.delete(id);
      send("tcp.closed", id);
    });
  }

  function opened(id: number, { stream }: Connection, socket: Socket): void {
    stream.setTimeout(0);
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    send("tcp.opened", id, addressOf(remoteAddress, remotePort), addressOf(localAddress, localPort));
  }

  /** Begins TLS over the connection, whose peer has to be who was asked for. */
  function secure(id: number, connection: Connection, socket: Socket): void {
    const { hostname } = connection;
    connection.isSecure = true;
    const servername = isIP(hostname) === 0 ? hostname : "";
    const stream = process.getBuiltinModule("node:tls").connect({
      socket,
      servername,
      host: hostname,
      allowHalfOpen: socket.allowHalfOpen,
    } as ConnectionOptions);
    // A connection that is lost before the handshake is told by the one below.
    socket.on("error", (error) => stream.destroy(error));
    use(id, connection, stream);
    stream.once("secureConnect", () => opened(id, connection, socket));
  }

  function open(id: number, hostname: string, port: number, transport: string, allowHalfOpen: boolean): void {
    const socket = connect(hostname, port, allowHalfOpen);
    const connection: Connection = {
      stream: socket,
      hostname,
      isSecure: false,
      credit: windowBytes,
      isDiscarding: false,
    };
    connections.set(id, connection);
    use(id, connection, socket);
    socket.setTimeout(connectMs, () => fail(id, connection, new Error(`no connection within ${connectMs / 1000} s`)));
    socket.once("connect", () => {
      if (find(id) !== connection) return;
      socket.setTimeout(0);
      socket.setNoDelay(true);
      if (transport === "on") secure(id, connection, socket);
      else opened(id, connection, socket);
    });
  }

  const operations: Operations = {
    "tcp.connect": (idValue, hostnameValue, portValue, transport, allowHalfOpen) => {
      const id = needNumber(idValue);
      if (connections.has(id)) throw new Error("there is a connection of this number");
      if (connections.size >= mostConnections) {
        throw new RangeError(`a Worker may have ${mostConnections} connections open`);
      }
      open(id, needString(hostnameValue), needNumber(portValue), needString(transport), allowHalfOpen === true);
    },
    "tcp.write": (idValue, bytes) => {
      if (!(bytes instanceof Uint8Array)) throw new TypeError("expected bytes");
      const id = needNumber(idValue);
      const connection = find(id);
      // What it fails with is told by "error".
      connection?.stream.write(bytes, (error) => {
        if (!error && find(id) === connection) send("tcp.sent", id);
      });
    },
    "tcp.finish": (idValue) => {
      find(needNumber(idValue))?.stream.end();
    },
    "tcp.grant": (idValue, size) => {
      const connection = find(needNumber(idValue));
      if (connection === undefined) return;
      connection.credit += needNumber(size);
      if (connection.credit > 0) connection.stream.resume();
    },
    "tcp.discard": (idValue) => {
      const connection = find(needNumber(idValue));
      if (connection === undefined) return;
      connection.isDiscarding = true;
      connection.stream.resume();
    },
    "tcp.secure": (idValue) => {
      const id = needNumber(idValue);
      const connection = find(id);
      if (connection === undefined) return;
      if (connection.isSecure) throw new Error("there is TLS already");
      connection.isDiscarding = false;
      connection.credit = windowBytes;
      secure(id, connection, connection.stream);
    },
    "tcp.close": (idValue) => {
      const id = needNumber(idValue);
      const connection = find(id);
      connections.delete(id);
      connection?.stream.destroy();
    },
  };
  const end = (): void => {
    for (const { stream } of connections.values()) stream.destroy();
    connections.clear();
  };
  return { operations, underWay: () => connections.size, end };
}
