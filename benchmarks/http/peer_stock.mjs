// Stock Pyodide from npm: peer_stock.mjs URL fetch|sock PACKAGES.
//
// fetch: urllib3 with its own backend for Pyodide. sock: Node's sockets as Pyodide offers them, under clients that are told that
// they are elsewhere, since urllib3 would take its backend again.
import path from "node:path";
import { loadPyodide } from "pyodide";
import { answerLines } from "../lib/peer_loop.mjs";

const [url, kind, packages] = process.argv.slice(2);
let printed = "";
const pyodide = await loadPyodide({
  stdout: (line) => {
    printed = line;
  },
});
if (kind === "sock") await pyodide.useNodeSockFS();
pyodide.mountNodeFS("/packages", packages);
pyodide.mountNodeFS("/bench", path.join(import.meta.dirname, "python"));
pyodide.runPython(`
import sys
sys.path[:0] = ["/bench", "/packages"]
platform = sys.platform
if ${kind === "sock" ? "True" : "False"}:
    sys.platform = "linux"
import urllib3, requests, httpx
sys.platform = platform
import http_clients
`);
const main = pyodide.pyimport("http_clients").main;

await answerLines(async (asked) => {
  printed = "";
  await main.callPromising(JSON.stringify({ ...asked, url }));
  return JSON.parse(printed);
});
