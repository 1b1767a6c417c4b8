// The Workers of a server as one that answers requests.
import type { GuestRequest, GuestResponse } from "../pool/exchange.ts";
import type { WorkerHost } from "../pool/worker_host.ts";
import type { Opened } from "./http.ts";
import type { Routed, Router } from "./router.ts";
import type { TestTriggers } from "./test_triggers.ts";

export interface ServedWorker extends Routed {
  readonly host: WorkerHost;
}

/** An answer of the server's own. */
function opened(response: Promise<GuestResponse>): Opened {
  return { response, isCancelled: false, cancel() {} };
}

function textResponse(status: number, text: string): GuestResponse {
  return {
    status,
    statusText: "",
    headers: [["content-type", "text/plain; charset=utf-8"]],
    body: new TextEncoder().encode(`${text}\n`),
  };
}

export class RoutedWorkers {
  readonly #router: Router<ServedWorker>;
  readonly #triggers: TestTriggers | undefined;

  /** @param triggers Answers requests that call handlers for scheduled events, if that is wanted. */
  constructor(router: Router<ServedWorker>, triggers?: TestTriggers) {
    this.#router = router;
    this.#triggers = triggers;
  }

  open(request: GuestRequest): Opened {
    const url = new URL(request.url);
    const worker = this.#router.find(url);
    if (worker === undefined) {
      return opened(Promise.resolve(textResponse(404, "Not Found: no Worker of this server has a route for it")));
    }
    const triggered = this.#triggers?.answer(url, worker.host);
    return triggered === undefined ? worker.host.open(request) : opened(triggered);
  }
}
