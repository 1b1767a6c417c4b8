// The sides of ./dev bench http.
import path from "node:path";
import { v8Arguments } from "../../runtime/v8_flags.mjs";
import { oursPeer, Peer, pythonPeer } from "../lib/peer.mjs";

const here = (name) => path.join(import.meta.dirname, name);
const program = here("python/http_clients.py");

/** Those that makePeers makes, and workerd, which has a module of its own. */
export const PEERS = ["cpython", "stock_fetch", "stock_sock", "node_fetch", "node_http", "workerd"];

/** @param {string} url @param {string} packages a folder of packages for Pyodide @param {string} python with the same ones */
export function makePeers(url, packages, python) {
  const node = [process.execPath, ...v8Arguments];
  return [
    oursPeer(url, program, packages),
    pythonPeer("cpython", python, url, program),
    new Peer("stock_fetch", [...node, here("peer_stock.mjs"), url, "fetch", packages]),
    new Peer("stock_sock", [...node, here("peer_stock.mjs"), url, "sock", packages]),
    new Peer("node_fetch", [process.execPath, here("peer_node.mjs"), url, "fetch"]),
    new Peer("node_http", [process.execPath, here("peer_node.mjs"), url, "http"]),
  ];
}
