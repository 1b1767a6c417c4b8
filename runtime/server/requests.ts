// The requests of one server: how many are under way, and what is told of each.
import type http from "node:http";
import type { Log } from "../log.ts";
import { GuestError, LimitError, WorkerBusyError } from "../pool/exchange.ts";
import { codeOf, messageOf } from "../user_error.ts";
import { bounded, mostCharacters } from "../worker/text.ts";
import { retryAfterSeconds } from "./limits.ts";
import { sendText } from "./send_response.ts";

const mostLoggedCharacters = 1000;
/** Between two lines that say that a Worker takes no more. */
const busyTellMs = 5000;

/** What the log says of a request. */
export interface Asked {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
}

/** One that is under way. */
export interface Entry {
  readonly asked: Asked;
  readonly begin: number;
  /** The address of its client, when that is known. */
  client: string | undefined;
  id: string | undefined;
}

export interface RequestsOptions {
  /** At the same time. */
  readonly most: number;
  /** Whether the log has a line for each. */
  readonly accessLog: boolean;
  /** A response was sent, or, without a status, its client has gone before. */
  readonly onAnswered: ((status: number | undefined) => void) | undefined;
}

function refuseForNow(response: http.ServerResponse, text: string): void {
  if (!response.headersSent) response.setHeader("retry-after", retryAfterSeconds);
  sendText(response, 503, `Service Unavailable: ${text}`);
}

/** Most requests are told of nowhere, and making an id takes a while. */
function idOf(entry: Entry): string {
  entry.id ??= process.getBuiltinModule("node:crypto").randomUUID();
  return entry.id;
}

export class Requests {
  readonly #log: Log;
  readonly #options: RequestsOptions;
  #underWay = 0;
  /** Since the log said so. */
  #refused = 0;
  #busyTold = Number.NEGATIVE_INFINITY;

  constructor(log: Log, options: RequestsOptions) {
    this.#log = log;
    this.#options = options;
  }

  get hasRoom(): boolean {
    return this.#underWay < this.#options.most;
  }

  begin(asked: Asked): Entry {
    this.#underWay++;
    return { asked, begin: this.#options.accessLog ? performance.now() : 0, client: undefined, id: undefined };
  }

  end(entry: Entry, status: number | undefined): void {
    this.#underWay--;
    this.#options.onAnswered?.(status);
    if (this.#options.accessLog) this.#logAccess(entry, status);
  }

  /** Not once for each request, of which there are many then. */
  #tellBusy(text: string): void {
    this.#refused++;
    const now = performance.now();
    if (now - this.#busyTold < busyTellMs) return;
    this.#busyTold = now;
    this.#log.warn(
      this.#refused === 1 ? text : `${text} (${this.#refused} requests were refused since that was said last)`,
    );
    this.#refused = 0;
  }

  /** The path as it came, without what a terminal would act upon. */
  #logAccess(entry: Entry, status: number | undefined): void {
    const { method, url = "" } = entry.asked;
    const path = url.slice(0, mostLoggedCharacters).replaceAll(/[^\x20-\x7e]/g, encodeURIComponent);
    const ms = Math.round((performance.now() - entry.begin) * 10) / 10;
    const said = { id: idOf(entry), method, path, status, ms, client: entry.client };
    this.#log.info(said, `${method} ${path} ${status ?? "was given up after"} ${ms} ms`);
  }

  /**
   * Logs why it failed, and tells its client the id of that.
   * @param isGivenUp it failed since its client has gone, or has sent too much
   * @param response null where nobody is to be told
   */
  fail(entry: Entry, error: unknown, isGivenUp: boolean, response: http.ServerResponse | null): void {
    if (codeOf(error) === "ECONNRESET") return;
    if (error instanceof WorkerBusyError) {
      this.#tellBusy(error.message);
      if (response !== null) refuseForNow(response, error.told);
      return;
    }
    const id = idOf(entry);
    const what = error instanceof GuestError ? "the handler failed" : "the request failed";
    const where = response?.headersSent === true ? ", after the response's head was sent" : "";
    const { method, url } = entry.asked;
    this.#log[isGivenUp ? "info" : "error"](
      { id, method, path: url },
      `${what}${where} (${id}): ${bounded(messageOf(error), mostCharacters)}`,
    );
    if (response === null) return;
    if (error instanceof LimitError) refuseForNow(response, `${error.limit}\nid: ${id}`);
    else sendText(response, 500, `Internal Server Error\nid: ${id}`);
  }
}
