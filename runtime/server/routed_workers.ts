// The Workers of a server as one that answers requests.
import { answerFile, answerNotFound } from "../assets/answer.ts";
import { type Assets, isWorkerFirst } from "../config/assets.ts";
import type { GuestRequest, GuestResponse } from "../pool/exchange.ts";
import type { Asked } from "../pool/scheduled.ts";
import type { Answering, Opened } from "./http.ts";
import type { Routed, Router } from "./router.ts";
import type { TestTriggers } from "./test_triggers.ts";

export interface ServedWorker extends Routed {
  readonly host: Asked & Answering;
  readonly assets: Assets | undefined;
}

/** A request for a Worker unless there is a file for it, which takes a moment to find out. */
class UnlessAsset implements Opened {
  readonly response: Promise<GuestResponse>;
  #opened: Opened | undefined;
  #cancelled: string | undefined;

  constructor(asset: Promise<GuestResponse | undefined>, open: () => Opened) {
    this.response = asset.then((found) => {
      if (found !== undefined) return found;
      const opened = open();
      this.#opened = opened;
      if (this.#cancelled !== undefined) opened.cancel(this.#cancelled);
      return opened.response;
    });
  }

  get isCancelled(): boolean {
    return this.#opened?.isCancelled ?? this.#cancelled !== undefined;
  }

  cancel(text: string): void {
    this.#cancelled = text;
    this.#opened?.cancel(text);
  }

  expire(text: string): void {
    this.#cancelled = text;
    this.#opened?.expire(text);
  }
}

/** The file for a request, or what stands for one that is not there where a browser goes to a page. */
async function findAsset(
  assets: Assets,
  { method, headers }: GuestRequest,
  url: URL,
): Promise<GuestResponse | undefined> {
  const header = (name: string): string | undefined => headers.find(([key]) => key === name)?.[1];
  const asked = { method, url, header };
  const found = await answerFile(assets, asked);
  if (found !== undefined || header("sec-fetch-mode") !== "navigate") return found;
  return answerNotFound(assets, asked);
}

/** An answer of the server's own. */
function opened(response: Promise<GuestResponse>): Opened {
  return { response, isCancelled: false, cancel() {}, expire() {} };
}

function textResponse(status: number, text: string): GuestResponse {
  return {
    status,
    statusText: "",
    headers: [["content-type", "text/plain; charset=utf-8"]],
    body: new TextEncoder().encode(`${text}\n`),
  };
}

export interface RoutedOptions {
  /** Answers requests that call handlers for scheduled events. */
  readonly triggers?: TestTriggers | undefined;
  /** A Worker was given a request. */
  readonly onOpened?: ((worker: string, opened: Opened) => void) | undefined;
}

export class RoutedWorkers {
  #router: Router<ServedWorker>;
  readonly #triggers: TestTriggers | undefined;
  readonly #onOpened: RoutedOptions["onOpened"];

  constructor(router: Router<ServedWorker>, { triggers, onOpened }: RoutedOptions = {}) {
    this.#router = router;
    this.#triggers = triggers;
    this.#onOpened = onOpened;
  }

  /** From now on requests are for these Workers. */
  replace(router: Router<ServedWorker>): void {
    this.#router = router;
  }

  open(request: GuestRequest, url: () => URL): Opened {
    const worker = this.#router.only ?? this.#router.find(url());
    if (worker === undefined) {
      return opened(Promise.resolve(textResponse(404, "Not Found: no Worker of this server has a route for it")));
    }
    const triggered = this.#triggers?.answer(url(), worker.host);
    if (triggered !== undefined) return opened(triggered);
    const { assets } = worker;
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (assets === undefined || !isRead || isWorkerFirst(assets, url().pathname))
      return this.#begin(worker, request, url);
    return new UnlessAsset(findAsset(assets, request, url()), () => this.#begin(worker, request, url));
  }

  #begin({ name, host }: ServedWorker, request: GuestRequest, url: () => URL): Opened {
    const opened = host.open(request, url);
    this.#onOpened?.(name, opened);
    return opened;
  }
}
