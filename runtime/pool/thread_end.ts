// The end of a Worker's thread in order: what it started (lifespans of ASGI applications) may end, up to a time.
import type { Mask } from "../mask.ts";
import type { ToWorker } from "../worker/protocol.ts";
import { within } from "./fiber_asks.ts";
import { GuestEvents } from "./guest_events.ts";
import { type WorkerHostOptions, WorkerLostError } from "./host_options.ts";
import { hear } from "./thread_asks.ts";
import type { HostedThread } from "./worker_thread.ts";

/** How long a Worker may take to end what it started. */
const stopTimeoutMs = 5000;

/** Tells it to end what it started; resolves when it has, whether it failed or not: what failed was logged by the Worker. */
export async function endsInOrder(events: GuestEvents, post: (message: ToWorker) => void): Promise<void> {
  const event = { event: "stop", json: "{}", bytes: null } as const;
  const { answer: ended } = events.begin((id) => post({ type: "event", id, ...event }));
  await within(
    stopTimeoutMs,
    ended.catch(() => undefined),
  );
}

/** The end of one that has nothing to do: nobody else hears it any more. */
export async function endEvicted(thread: HostedThread, handlers: WorkerHostOptions, mask: Mask): Promise<void> {
  const events = new GuestEvents();
  thread.listen({
    message: (message) => {
      switch (message.type) {
        case "eventDone":
        case "eventFailed":
          events.receive(message, mask);
          break;
        case "log":
        case "write":
        case "call":
        case "line":
        case "report":
        case "exit":
          hear(message, handlers, mask, (answer) => thread.post(answer));
          break;
      }
    },
    ended: (why) => events.lost(new WorkerLostError(why)),
  });
  await endsInOrder(events, (message) => thread.post(message));
  await thread.terminate();
}
