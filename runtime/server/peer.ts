// Where a request came from, as its Worker is told.
import type { Socket } from "node:net";
import type { Pairs } from "../worker/header_text.ts";

export interface Peer {
  /** Empty where the connection is gone. */
  readonly address: string;
  readonly port: string;
}

/** What a Worker reads the client's address from, as on Cloudflare's platform. */
export const clientHeader = "cf-connecting-ip";

export function peerOf({ remoteAddress = "", remotePort }: Socket): Peer {
  return { address: remoteAddress, port: `${remotePort ?? ""}` };
}

/** Address and port, a line each. */
export function clientText({ address, port }: Peer): string {
  return `${address}\n${port}`;
}

/** What the Worker is given in place of the headers that came, where proxies say more than they do. */
export function toldPairs(pairs: [string, string][], client: Peer, host: string | undefined): Pairs {
  if (host !== undefined) {
    for (const pair of pairs) if (pair[0] === "host") pair[1] = host;
  }
  if (client.address !== "") pairs.push([clientHeader, client.address]);
  return pairs;
}
