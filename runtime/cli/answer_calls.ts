// What a Worker calls by its bindings: a sandbox, or something else.
import type { WorkerHostOptions } from "../pool/host_options.ts";
import type { Sandboxes } from "../sandbox/sandboxes.ts";
import { sandboxBinding } from "../worker/protocol.ts";

type AnswerCall = NonNullable<WorkerHostOptions["onCall"]>;

/** @param others Answers what is no sandbox's. */
export function answerCalls(sandboxes: Sandboxes | undefined, others: AnswerCall): AnswerCall {
  return async (call) =>
    call.binding === sandboxBinding && sandboxes !== undefined
      ? { bytes: await sandboxes.run(call.method, call.bytes), owner: "" }
      : others(call);
}
