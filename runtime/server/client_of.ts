// Where a request came from, as its Worker is told.
import type { Socket } from "node:net";

/** Address and port, a line each. */
export function clientOf({ socket }: { readonly socket: Socket }): string {
  const { remoteAddress = "", remotePort = "" } = socket;
  return `${remoteAddress}\n${remotePort}`;
}
