// The outbound policy under undici: it is asked before a name is looked up, and for each address before it is connected to, at every
// redirect and for every new connection.
import { lookup as dnsLookup, type LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { buildConnector } from "undici";
import type { OutboundPolicy } from "../../addon.ts";

class RefusedError extends Error {
  readonly code = "EPERM";

  constructor(what: string, why: string) {
    super(`the outbound policy refuses ${what}: ${why}`);
  }
}

/** A lookup that gives the addresses which may be connected to, or the reason against the first. */
function lookupFor(policy: OutboundPolicy, port: number): LookupFunction {
  return (host, options, callback) => {
    const refused = policy(host, null, port);
    if (refused !== null) {
      callback(new RefusedError(host, refused), []);
      return;
    }
    dnsLookup(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const reasons = found.map(({ address }) => policy(host, address, port));
      const allowed = found.filter((_, index) => reasons[index] === null);
      const [first] = allowed;
      if (first === undefined) {
        callback(new RefusedError(`${host} (${found[0]?.address}):${port}`, String(reasons[0])), []);
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
  const connect = buildConnector({});
  const { host, port, protocol } = server;
  const hostname = server.hostname.replace(/^\[|\]$/g, "");
  const servername = isIP(hostname) === 0 ? hostname : "";
  return (options, callback) => connect({ ...options, hostname, host, port, protocol, servername }, callback);
}

/** What undici opens its connections by. */
export function connectorFor(policy: OutboundPolicy): buildConnector.connector {
  return (options, callback) => {
    const port = Number(options.port || (options.protocol === "https:" ? 443 : 80));
    const host = options.hostname.replace(/^\[|\]$/g, "");
    const refused = isIP(host) === 0 ? null : policy(host, host, port);
    if (refused !== null) {
      callback(new RefusedError(`${options.hostname}:${port}`, refused), null);
      return;
    }
    buildConnector({ lookup: lookupFor(policy, port) })(options, callback);
  };
}
