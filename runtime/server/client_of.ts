// Where a request came from, as its Worker is told.
import type { IncomingMessage } from "node:http";

/** Address and port, a line each. */
export function clientOf({ socket }: IncomingMessage): string {
  const { remoteAddress = "", remotePort = "" } = socket;
  return `${remoteAddress}\n${remotePort}`;
}
