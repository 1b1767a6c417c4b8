// The outbound policy under undici: it is asked before a name is looked up, and for each address before it is connected to, at every
// redirect and for every new connection. The engine looks names up, so that as much is known of them as of those of the Worker's sockets.
import type { LookupFunction, Socket } from "node:net";
import type { buildConnector } from "undici";
import type { Engine } from "../../addon.ts";
import { undici } from "../../lazy_packages.ts";

/** Loaded when it is used first. */
const net = () => process.getBuiltinModule("node:net");
export const isIP = (text: string): number => net().isIP(text);

export type Outbound = Pick<Engine, "lookUp" | "connectRefusal">;
type Told = Parameters<Engine["lookUp"]>[3];

class RefusedError extends Error {
  readonly code = "EPERM";
}

const refuses = "the outbound policy refuses ";

/** As node:dns names what getaddrinfo() fails with: EAI_NONAME, EAI_NODATA and EAI_AGAIN are the ones to expect. */
const lookupErrors: ReadonlyMap<number, string> = new Map([
  [-2, "ENOTFOUND"],
  [-5, "ENOTFOUND"],
  [-3, "EAI_AGAIN"],
]);

class LookupError extends Error {
  readonly code: string;

  constructor(host: string, error: number) {
    const code = lookupErrors.get(error) ?? "EAI_FAIL";
    super(`getaddrinfo ${code} ${host}`);
    this.code = code;
  }
}

/** Lookups of which one serves all who ask for the same meanwhile: each new connection asks. */
function sharedLookups(outbound: Outbound): Engine["lookUp"] {
  const underWay = new Map<string, Told[]>();
  return (host, family, flags, told) => {
    const question = `${family} ${flags} ${host}`;
    const asking = underWay.get(question);
    if (asking !== undefined) {
      asking.push(told);
      return;
    }
    const all = [told];
    underWay.set(question, all);
    outbound.lookUp(host, family, flags, (...answer) => {
      underWay.delete(question);
      for (const one of all) one(...answer);
    });
  };
}

/** A lookup that gives the addresses which may be connected to, or the reason against the first. */
function lookupFor(outbound: Outbound, lookUp: Engine["lookUp"], port: number): LookupFunction {
  return (host, options, callback) => {
    const family = Number(String(options.family ?? 0).replace("IPv", ""));
    lookUp(host, family, options.hints ?? 0, (error, refusal, addresses) => {
      if (error !== 0) {
        callback(refusal === "" ? new LookupError(host, error) : new RefusedError(refusal), []);
        return;
      }
      const reasons = addresses.map((address) => outbound.connectRefusal(address, port));
      const allowed = addresses
        .filter((_, index) => reasons[index] === null)
        .map((address) => ({ address, family: isIP(address) }));
      const [first] = allowed;
      if (first === undefined) {
        callback(new RefusedError(`${refuses}${host} (${addresses[0]}):${port}: ${reasons[0]}`), []);
      } else if (options.all === true) {
        callback(null, allowed);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

/** One that goes to a server, whichever is asked for. */
export function connectorTo(server: URL): buildConnector.connector {
  const connect = undici().buildConnector({});
  const { host, port, protocol } = server;
  const hostname = server.hostname.replace(/^\[|\]$/g, "");
  const servername = isIP(hostname) === 0 ? hostname : "";
  return (options, callback) => connect({ ...options, hostname, host, port, protocol, servername }, callback);
}

/** What undici opens its connections by. */
export function connectorFor(outbound: Outbound): buildConnector.connector {
  const lookUp = sharedLookups(outbound);
  return (options, callback) => {
    const port = Number(options.port || (options.protocol === "https:" ? 443 : 80));
    const host = options.hostname.replace(/^\[|\]$/g, "");
    const refused = isIP(host) === 0 ? null : outbound.connectRefusal(host, port);
    if (refused !== null) {
      callback(new RefusedError(`${refuses}${options.hostname}:${port}: ${refused}`), null);
      return;
    }
    undici().buildConnector({ lookup: lookupFor(outbound, lookUp, port) })(options, callback);
  };
}

/** Opens a connection; one that is refused fails as any other, by its event "error". */
export function tcpConnector(outbound: Outbound): (host: string, port: number, allowHalfOpen: boolean) => Socket {
  const lookUp = sharedLookups(outbound);
  return (host, port, allowHalfOpen) => {
    const refused = isIP(host) === 0 ? null : outbound.connectRefusal(host, port);
    const lookup: LookupFunction =
      refused === null
        ? lookupFor(outbound, lookUp, port)
        : (_host, _options, callback) => callback(new RefusedError(`${refuses}${host}:${port}: ${refused}`), []);
    // An address is not looked up, so that one which is refused goes by a name that has none.
    return net().connect({ host: refused === null ? host : "refused.invalid", port, allowHalfOpen, lookup });
  };
}
