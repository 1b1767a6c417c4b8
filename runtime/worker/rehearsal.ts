// Requests that are nobody's, before a thread is a Worker's: they take the way that its first request will take, through this thread and
// its realm (../realm/89-rehearsals.js), and their answers go nowhere.
import type { FromWorker, ToExchange, WorkerSettings } from "./protocol.ts";

/** No request of a Worker's has it. */
const id = 0;
/** Of a Worker that is nobody: what a thread does with them is there then for those that come. */
export const nobody: WorkerSettings = {
  name: "",
  main: "",
  folder: "",
  path: [],
  files: [],
  images: [],
  folders: [],
  env: {},
  services: {},
  workerServices: [],
  deadlockWarningSeconds: 1,
  threadGraceSeconds: 0,
};
/** Until CPython has specialized what they run, and V8 knows what it calls. */
const requests = 20;

export class Rehearsal {
  readonly #receive: (message: ToExchange) => void;
  readonly #done: (why: string | null) => void;
  #left = 0;
  #isCut = false;

  /**
   * @param receive Takes a request as if the pool had sent it.
   * @param done Told when all are answered, or why one was not.
   */
  constructor(receive: (message: ToExchange) => void, done: (why: string | null) => void) {
    this.#receive = receive;
    this.#done = done;
  }

  begin(): void {
    this.#left = this.#isCut ? 1 : requests;
    this.#next();
  }

  /** There is somebody for whom it is made ready: as little as can be, from now on. */
  cut(): void {
    this.#isCut = true;
    this.#left = Math.min(this.#left, 1);
  }

  /** Whether a message is of a rehearsal, and nobody's. */
  takes(message: FromWorker): boolean {
    if (this.#left === 0 || (message.type !== "response" && message.type !== "response.error")) return false;
    if (message.id !== id) return false;
    if (message.type === "response.error") this.#end(message.text);
    else if (message.status !== 200 || message.body === null) this.#end(`its status is ${message.status}`);
    else if (this.#left === 1) this.#end(null);
    else {
      this.#left--;
      this.#next();
    }
    return true;
  }

  #end(why: string | null): void {
    this.#left = 0;
    setImmediate(this.#done, why);
  }

  #next(): void {
    setImmediate(() => {
      const url = "http://localhost:8787/path?name=value";
      const headers = "accept\n*/*\nhost\nlocalhost:8787\nuser-agent\nblockon";
      this.#receive({ type: "request", id, method: "GET", url, headers, body: null, held: false, client: "" });
    });
  }
}
