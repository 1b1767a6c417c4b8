// What stock has of sockets, TLS and HTTP clients, and blockon with shims: false.
import http from "node:http";
import path from "node:path";
import { packageFolder } from "../../../runtime/packages/python_packages.ts";
import { distribution, loadPyodide, report } from "./embedder_pyodide.mjs";

const server = http.createServer((_, response) => response.end("by fetch"));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const port = server.address().port;
const packages = await packageFolder(path.join(import.meta.dirname, "../../../pytests"), () => {});

async function load() {
  const pyodide = await loadPyodide({ indexURL: distribution, shims: false });
  pyodide.mountNodeFS("/packages", packages);
  pyodide.runPython("import sys; sys.path.append('/packages')");
  return pyodide;
}

await report({
  async ssl() {
    const pyodide = await load();
    return pyodide.runPython(`
import ssl, _ssl
[ssl.OPENSSL_VERSION, ssl.HAS_TLSv1_3, sorted(vars(ssl.SSLContext))[:5], sorted(name for name in vars(_ssl) if name[0] != "_")]
`);
  },
  async sockets() {
    const pyodide = await load();
    return pyodide.runPython(`
import socket
from pyodide.webloop import WebLoop
outcome = [sorted(name for name in vars(socket) if name[:3] in ("SO_", "TCP")), socket.socketpair.__module__]
outcome.append(WebLoop.create_connection.__module__)
outcome.append([socket.has_ipv6, *(entry[4] for entry in socket.getaddrinfo(None, 80, type=socket.SOCK_STREAM))])
with socket.socket() as one:
    one.setblocking(False)
    try:
        one.connect(("127.0.0.1", ${port}))
    except BlockingIOError as error:
        outcome.append(error.errno)
    try:
        one.setsockopt(socket.SOL_SOCKET, 9, 1)
    except OSError as error:
        outcome.append(error.errno)
outcome
`);
  },
  async names() {
    const pyodide = await load();
    return pyodide.runPython(`
import select, socket

def outcome(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"

[outcome(*call) for call in (
    (socket.getaddrinfo, "a.example", 80),
    (socket.getaddrinfo, "a.example", 80, socket.AF_INET, socket.SOCK_STREAM),
    (socket.getaddrinfo, "b.example", "http"),
    (socket.getaddrinfo, "localhost", 80, 0, socket.SOCK_STREAM),
    (socket.getaddrinfo, "127.0.0.1", 80, 0, socket.SOCK_STREAM),
    (socket.getaddrinfo, "::1", 80, 0, socket.SOCK_STREAM),
    (socket.getaddrinfo, None, 80, 0, socket.SOCK_STREAM, 0, socket.AI_PASSIVE),
    (socket.gethostbyname, "a.example"),
    (socket.gethostbyname, "127.0.0.1"),
    (socket.gethostbyname_ex, "a.example"),
    (socket.gethostbyaddr, "a.example"),
    (socket.gethostbyaddr, "127.0.0.1"),
    (socket.getnameinfo, (socket.gethostbyname("a.example"), 80), 0),
    (socket.getnameinfo, ("127.0.0.1", 80), 0),
    (socket.getnameinfo, ("127.0.0.1", 80), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV),
    (socket.getfqdn, "a.example"),
    (socket.gethostname,),
    (socket.getservbyname, "http"),
    (socket.inet_pton, socket.AF_INET6, "::1"),
    (socket.socketpair,),
    (socket.create_server, ("127.0.0.1", 0)),
    (select.select, [socket.socket()], [], [], 0),
)]
`);
  },
  async urllib3() {
    const pyodide = await load();
    return pyodide.runPythonAsync(`
import urllib3
response = urllib3.request("GET", "http://127.0.0.1:${port}/")
[response.data.decode(), type(response).__module__, urllib3.connection.HTTPConnection.__module__]
`);
  },
  async "http.client"() {
    const pyodide = await load();
    return pyodide.runPython(`
import http.client
[http.client.parse_headers.__module__, http.client.HTTPMessage.get.__module__, http.client.HTTPConnection.connect.__module__]
`);
  },
});
