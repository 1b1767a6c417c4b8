// Calls from one Worker of a server to another.
import type { ServiceBindings } from "../config/service_bindings.ts";
import { EventError } from "./guest_events.ts";
import { WorkerFailedError, type WorkerHostOptions } from "./host_options.ts";
import type { Asked } from "./scheduled.ts";

/** As many as Cloudflare's platform has for one request. */
const mostDepth = 32;

/** The Worker of a name, as it is when it is asked for; undefined when there is none. */
export type Peers = (name: string) => Asked | undefined;

/**
 * @param log Has the tracebacks of what fails, by the name of the Worker that does.
 */
export function serviceCalls(
  bindings: ServiceBindings,
  peers: Peers,
  log: (worker: string, text: string) => void,
): NonNullable<WorkerHostOptions["onCall"]> {
  return async ({ binding, method, bytes, depth }) => {
    const target = bindings[binding];
    const worker = target && peers(target.service);
    if (target === undefined || worker === undefined) throw new Error(`there is no Worker behind ${binding}`);
    const { service, entrypoint = "", props } = target;
    if (depth >= mostDepth) {
      throw new Error(
        `the call of ${method} of the Worker ${service} stands at the end of ${depth} calls, each of which a Worker made for the one ` +
          "before: that is as many as there may be. Do Workers call one another in a circle?",
      );
    }
    try {
      return await worker.send({
        event: "call",
        json: JSON.stringify({ entrypoint, method, props }),
        bytes,
        depth: depth + 1,
      });
    } catch (error) {
      if (error instanceof EventError) log(service, `the call of ${method} failed: ${error.text}`);
      // Its text is the other Worker's own traceback.
      if (error instanceof WorkerFailedError) throw new Error(`the Worker ${service} could not be loaded`);
      throw error;
    }
  };
}
