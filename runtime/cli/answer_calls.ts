// What a Worker calls by its bindings: another Worker of the server, or a sandbox.
import type { WorkerConfig } from "../config/wrangler.ts";
import type { WorkerHostOptions } from "../pool/host_options.ts";
import { type Peers, serviceCalls } from "../pool/service_calls.ts";
import type { Sandboxes } from "../sandbox/sandboxes.ts";
import { sandboxBinding } from "../worker/protocol.ts";

/** @param log Has the tracebacks of what fails in other Workers, by their names. */
export function answerCalls(
  { serviceBindings, name }: WorkerConfig,
  peers: Peers,
  sandboxes: Sandboxes | undefined,
  log: (worker: string, text: string) => void,
): NonNullable<WorkerHostOptions["onCall"]> {
  const callService = serviceCalls(serviceBindings, name, peers, log);
  return async (call) =>
    call.binding === sandboxBinding && sandboxes !== undefined
      ? { bytes: await sandboxes.run(call.method, call.bytes), owner: "" }
      : callService(call);
}
