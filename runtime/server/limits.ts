// What a server takes of its clients, and how long it lets a Worker keep one waiting.

export interface Limits {
  /** Bytes of a request's body; beyond, 413. */
  readonly bodyBytes: number;
  /** Bytes of a request's head; beyond, 431. */
  readonly headBytes: number;
  /** In which a request's head is to come; beyond, 408. A connection that asks nothing is one whose head does not come. */
  readonly headSeconds: number;
  /** Requests and WebSockets at the same time; beyond, 503. */
  readonly requests: number;
  /** From a request's head to the head of its response; beyond, 503. 0 for any time. */
  readonly seconds: number;
}

export const defaultLimits: Limits = {
  bodyBytes: 100 * 1024 * 1024,
  headBytes: 64 * 1024,
  headSeconds: 60,
  requests: 10_000,
  seconds: 0,
};

/** Seconds after which a client that was refused may come again. */
export const retryAfterSeconds = 1;
