// Calls from one Worker of a server to another.
import type { ServiceBindings } from "../config/service_bindings.ts";
import { functionMark } from "../worker/protocol.ts";
import { acquaint, acquaintanceOf, addressOf, type Peer } from "./acquaintances.ts";
import { EventError, type GuestEvent } from "./guest_events.ts";
import { type ServiceCall, WorkerFailedError, type WorkerHostOptions } from "./host_options.ts";

/** As many as Cloudflare's platform has for one request. */
const mostDepth = 32;

/** The Worker of a name, as it is when it is asked for; undefined when there is none. */
export type Peers = (name: string) => Peer | undefined;

interface Target {
  readonly service: string;
  readonly worker: Peer;
  readonly event: Pick<GuestEvent, "event" | "json" | "interpreter">;
  /** For messages. */
  readonly what: string;
}

/** The Worker that calls. */
interface Caller {
  readonly self: Peer | undefined;
  /** By which its functions are called. */
  readonly address: string;
}

/**
 * A function that came from another Worker: the binding is an address, the method a token and what is asked of it. A realm may ask for anything:
 * no Worker is woken by one that it has nothing to do with.
 */
function functionTarget({ self, address }: Caller, { binding, method }: ServiceCall): Target {
  const [, of = "", interpreter] = binding.split(functionMark);
  const service = of.slice(0, of.lastIndexOf("#"));
  const worker = self && acquaintanceOf(self, of);
  if (worker === undefined) throw new Error(`the Worker ${service} has passed no function, or is gone`);
  const [, token, asked = ""] = method.split(functionMark);
  const json = JSON.stringify({ token, asked, caller: address });
  return { service, worker, event: { event: "function", json, interpreter }, what: "a function" };
}

function methodTarget(
  { self, address }: Caller,
  { binding, method }: ServiceCall,
  { bindings, peers }: { bindings: ServiceBindings; peers: Peers },
): Target {
  const configured = bindings[binding];
  const worker = configured && peers(configured.service);
  if (configured === undefined || worker === undefined) throw new Error(`there is no Worker behind ${binding}`);
  const { service, entrypoint = "", props } = configured;
  addressOf(worker, service);
  if (self !== undefined) acquaint(self, worker);
  const json = JSON.stringify({ entrypoint, method, props, caller: address });
  return { service, worker, event: { event: "call", json }, what: method };
}

/**
 * @param name The Worker whose calls they are.
 * @param log Has the tracebacks of what fails, by the name of the Worker that does.
 */
export function serviceCalls(
  bindings: ServiceBindings,
  name: string,
  peers: Peers,
  log: (worker: string, text: string) => void,
): NonNullable<WorkerHostOptions["onCall"]> {
  return async (call) => {
    const self = peers(name);
    const own = self === undefined ? "" : addressOf(self, name);
    const caller = { self, address: call.interpreter === undefined ? own : `${own}${functionMark}${call.interpreter}` };
    const { service, worker, event, what } = call.binding.startsWith(functionMark)
      ? functionTarget(caller, call)
      : methodTarget(caller, call, { bindings, peers });
    const { bytes, depth } = call;
    if (depth >= mostDepth) {
      throw new Error(
        `the call of ${what} of the Worker ${service} stands at the end of ${depth} calls, each of which a Worker made for the one ` +
          "before: that is as many as there may be. Do Workers call one another in a circle?",
      );
    }
    try {
      return { bytes: await worker.send({ ...event, bytes, depth: depth + 1 }), owner: addressOf(worker, service) };
    } catch (error) {
      if (error instanceof EventError) log(service, `the call of ${what} failed: ${error.text}`);
      // Its text is the other Worker's own traceback.
      if (error instanceof WorkerFailedError) throw new Error(`the Worker ${service} could not be loaded`);
      throw error;
    }
  };
}
