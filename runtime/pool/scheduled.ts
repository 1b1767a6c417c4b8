// Calls a Worker's handler for scheduled events.
import { EventError } from "./guest_events.ts";
import type { WorkerHost } from "./worker_host.ts";

export interface ScheduledEvent {
  /** The expression that named the time. */
  readonly cron: string;
  /** In milliseconds since 1970. */
  readonly scheduledTime: number;
}

/** What may be given events. */
export type Asked = Pick<WorkerHost, "send">;

/** Throws an Error with the handler's traceback, WorkerFailedError or WorkerLostError. */
export async function callScheduled(worker: Asked, event: ScheduledEvent): Promise<{ isRetried: boolean }> {
  try {
    const bytes = await worker.send({ event: "scheduled", json: JSON.stringify(event), bytes: null });
    return { isRetried: bytes[0] === 1 };
  } catch (error) {
    if (error instanceof EventError) throw new Error(error.text, { cause: error });
    throw error;
  }
}
