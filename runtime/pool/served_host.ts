// A Worker as a server has it, by one interpreter (WorkerHost) or by one for each request (FreshWorkers).
import type { Exchange, GuestRequest } from "./exchange.ts";
import type { WorkerHost } from "./worker_host.ts";

export interface ServedHost
  extends Pick<
    WorkerHost,
    "start" | "send" | "underWay" | "isOccupied" | "hasLent" | "isRunning" | "starts" | "report" | "stop" | "usage"
  > {
  /** How many interpreters were reset, and how many ended since they could not be; undefined for one that answers all. */
  readonly resets?: { readonly done: number; readonly refused: number };
  open(request: GuestRequest): Pick<Exchange, "response" | "isCancelled" | "cancel" | "expire">;
}
