// Calls from one Worker of a server to another.
import type { ServiceBindings } from "../config/service_bindings.ts";
import { functionMark } from "../worker/protocol.ts";
import { EventError, type GuestEvent } from "./guest_events.ts";
import { WorkerFailedError, type WorkerHostOptions } from "./host_options.ts";
import type { Asked } from "./scheduled.ts";

/** As many as Cloudflare's platform has for one request. */
const mostDepth = 32;

/** The Worker of a name, as it is when it is asked for; undefined when there is none. */
export type Peers = (name: string) => Asked | undefined;

interface Target {
  readonly service: string;
  readonly event: Pick<GuestEvent, "event" | "json">;
  /** For messages. */
  readonly what: string;
}

/** Of a Worker those that have called it, which may have passed it functions. */
const callers = new WeakMap<Asked, Set<string>>();

function noteCaller(worker: Asked, caller: string): void {
  const known = callers.get(worker);
  if (known === undefined) callers.set(worker, new Set([caller]));
  else known.add(caller);
}

/** Which Worker is asked by a binding, and for what. @param caller The Worker that asks. */
function targetOf(bindings: ServiceBindings, caller: string, binding: string, method: string): Target | undefined {
  const configured = bindings[binding];
  if (method.startsWith(functionMark)) {
    const service = binding.startsWith(functionMark) ? binding.slice(functionMark.length) : configured?.service;
    const json = JSON.stringify({ token: method.slice(functionMark.length), caller });
    return service === undefined ? undefined : { service, event: { event: "function", json }, what: "a function" };
  }
  if (configured === undefined) return undefined;
  const { service, entrypoint = "", props } = configured;
  return {
    service,
    event: { event: "call", json: JSON.stringify({ entrypoint, method, props, caller }) },
    what: method,
  };
}

/**
 * @param caller The Worker whose calls they are.
 * @param log Has the tracebacks of what fails, by the name of the Worker that does.
 */
export function serviceCalls(
  bindings: ServiceBindings,
  caller: string,
  peers: Peers,
  log: (worker: string, text: string) => void,
): NonNullable<WorkerHostOptions["onCall"]> {
  return async ({ binding, method, bytes, depth }) => {
    const target = targetOf(bindings, caller, binding, method);
    const worker = target && peers(target.service);
    if (target === undefined || worker === undefined) throw new Error(`there is no Worker behind ${binding}`);
    const { service, event, what } = target;
    if (binding.startsWith(functionMark)) {
      // A realm may ask for anything: no Worker is woken by one that it has nothing to do with.
      const self = peers(caller);
      const isKnown =
        (self !== undefined && callers.get(self)?.has(service)) ||
        Object.values(bindings).some((each) => each.service === service);
      if (!isKnown) throw new Error(`the Worker ${service} has passed no function`);
    } else {
      noteCaller(worker, caller);
    }
    if (depth >= mostDepth) {
      throw new Error(
        `the call of ${what} of the Worker ${service} stands at the end of ${depth} calls, each of which a Worker made for the one ` +
          "before: that is as many as there may be. Do Workers call one another in a circle?",
      );
    }
    try {
      return await worker.send({ ...event, bytes, depth: depth + 1 });
    } catch (error) {
      if (error instanceof EventError) log(service, `the call of ${what} failed: ${error.text}`);
      // Its text is the other Worker's own traceback.
      if (error instanceof WorkerFailedError) throw new Error(`the Worker ${service} could not be loaded`);
      throw error;
    }
  };
}
