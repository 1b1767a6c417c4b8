// Proxies that are believed: what one says of a request's client, of its scheme and of the host that was asked for.
//
// A chain of proxies appends to X-Forwarded-For, so it is read from its end: the client is the first there that is no trusted proxy. What is before
// that anybody may have written.
import { BlockList, isIP, isIPv4, SocketAddress } from "node:net";
import { UserError } from "../user_error.ts";
import type { Pairs } from "../worker/header_text.ts";
import type { Peer } from "./peer.ts";

/** What a request's trusted proxies say; what they don't is as it came. */
export interface Forwarded {
  readonly client: Peer;
  readonly scheme: "http" | "https" | undefined;
  readonly host: string | undefined;
}

/** One that has passed the request on, as the proxy behind it tells. */
interface Hop {
  readonly peer: Peer | undefined;
  readonly scheme: string | undefined;
  readonly host: string | undefined;
}

const schemes: Readonly<Record<string, "http" | "https">> = { http: "http", https: "https", ws: "http", wss: "https" };
const plainHost = /^[\w\-.:[\]]+$/;
const mapped = /^::ffff:(?=[\d.]+$)/i;
/** One pair of a Forwarded header's element (RFC 7239), and what ends it. */
const forwardedPair = /[\t ]*(?:([!#$%&'*+\-.^`|~\w]+)=(?:"((?:[^"\\]|\\.)*)"|([^\t ",;]*)))?[\t ]*([;,]|$)/gy;

/** IPv4 in IPv6 is IPv4. */
function plainAddress(address: string): string {
  return address.replace(mapped, "");
}

/** An address, with a port or without, as proxies write it; undefined for what is none. */
function readPeer(text: string): Peer | undefined {
  const [, bracketed, plain, port = "0"] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = plainAddress(bracketed ?? plain ?? text);
  return isIP(address) === 0 ? undefined : { address, port };
}

function valuesOf(pairs: Pairs, name: string): string[] {
  const values = pairs.filter(([each]) => each === name).flatMap(([, value]) => value.split(","));
  return values.map((value) => value.trim()).filter((value) => value !== "");
}

/** By X-Forwarded-For and its like, the last last. Of as many schemes or hosts as there are addresses each has its own, else all have the last. */
function hopsByNames(pairs: Pairs): Hop[] {
  const clients = valuesOf(pairs, "x-forwarded-for");
  const protos = valuesOf(pairs, "x-forwarded-proto");
  const hosts = valuesOf(pairs, "x-forwarded-host");
  const at = (values: readonly string[], index: number) =>
    values.length === clients.length ? values[index] : values.at(-1);
  if (clients.length === 0 && protos.length + hosts.length > 0) {
    return [{ peer: undefined, scheme: protos.at(-1), host: hosts.at(-1) }];
  }
  return clients.map((client, index) => ({
    peer: readPeer(client),
    scheme: at(protos, index),
    host: at(hosts, index),
  }));
}

/** By Forwarded. None where it is not written as it has to be. */
function hopsByForwarded(pairs: Pairs): Hop[] {
  const hops: Hop[] = [];
  for (const [name, value] of pairs) {
    if (name !== "forwarded") continue;
    let said: { [name: string]: string } = {};
    forwardedPair.lastIndex = 0;
    while (forwardedPair.lastIndex <= value.length) {
      const match = forwardedPair.exec(value);
      if (match === null) return [];
      const [, key, quoted, token = "", end] = match;
      if (key !== undefined) said[key.toLowerCase()] = quoted?.replaceAll(/\\(.)/g, "$1") ?? token;
      if (end === ";") continue;
      hops.push({ peer: readPeer(said.for ?? ""), scheme: said.proto, host: said.host });
      said = {};
      if (end === "") break;
    }
  }
  return hops;
}

export class Proxies {
  readonly #trusted = new BlockList();

  /** @param networks each an address, or one with a length of its prefix: 10.0.0.0/8 */
  constructor(networks: readonly string[]) {
    for (const network of networks) this.#add(network);
  }

  #add(network: string): void {
    const [address = "", length, ...rest] = network.split("/");
    const family = familyOf(address);
    const most = family === "ipv4" ? 32 : 128;
    const isLength = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= most);
    if (isIP(address) === 0 || !isLength || rest.length > 0) {
      throw new UserError(`${network} is no address and no network of addresses. Give one such as 10.0.0.0/8 or ::1.`);
    }
    this.#trusted.addSubnet(address, length === undefined ? most : Number(length), family);
  }

  trusts(address: string): boolean {
    const plain = plainAddress(address);
    return isIP(plain) !== 0 && this.#trusted.check(new SocketAddress({ address: plain, family: familyOf(plain) }));
  }

  /**
   * What is believed of a request's headers.
   * @param peer whose connection it is: a proxy that is trusted
   * @param pairs with names in small letters
   */
  read(peer: Peer, pairs: Pairs): Forwarded {
    const named = hopsByNames(pairs);
    const hops = named.length > 0 ? named : hopsByForwarded(pairs);
    let client = peer;
    let scheme: string | undefined;
    let host: string | undefined;
    for (const hop of hops.reverse()) {
      // What this one was asked, by whom.
      scheme = hop.scheme ?? scheme;
      host = hop.host ?? host;
      if (hop.peer === undefined) break;
      client = hop.peer;
      if (!this.trusts(client.address)) break;
    }
    return {
      client,
      scheme: scheme === undefined ? undefined : schemes[scheme.toLowerCase()],
      host: host !== undefined && plainHost.test(host) ? host : undefined,
    };
  }
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv4(address) ? "ipv4" : "ipv6";
}
