// The live fibers of a Worker, as its Python tells them (shims/blockon/_fiber_report.py).
//
// That is a Worker's own code, or may be what that code has put in its place: whatever comes is checked and cut to size here,
// in the Worker's thread. What its text holds is for whoever shows it to make harmless.

export interface FrameEntry {
  readonly file: string;
  readonly line: number;
  readonly function: string;
  /** The line of the source, where it can be found; else empty. */
  readonly text: string;
}

export interface FiberEntry {
  readonly id: number;
  readonly kind: string;
  readonly state: string;
  /** Seconds since it first waited. */
  readonly age: number;
  readonly waitsFor: string | null;
  /** The innermost call last; that one alone where stacks were not asked for. */
  readonly frames: readonly FrameEntry[];
  /** How many outer calls are not in `frames`. */
  readonly omittedFrames: number;
}

export interface FiberList {
  /** How many there are; the list may have fewer. */
  readonly live: number;
  /** The oldest first. */
  readonly fibers: readonly FiberEntry[];
}

const mostCharacters = 16 * 1024 * 1024;
const mostFibers = 1000;
const mostFrames = 30;
const mostTextCharacters = 200;

function objectOf(value: unknown, what: string): Partial<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw new TypeError(`${what} is no object`);
  return value as Partial<Record<string, unknown>>;
}

function listOf(value: unknown, what: string, most: number): unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`${what} is no array`);
  return value.slice(0, most);
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== "string") throw new TypeError(`${what} is no string`);
  return value.slice(0, mostTextCharacters);
}

function numberOf(value: unknown, what: string): number {
  if (!Number.isFinite(value)) throw new TypeError(`${what} is no number`);
  return value as number;
}

function readFrame(value: unknown): FrameEntry {
  const frame = objectOf(value, "a frame");
  return {
    file: textOf(frame.file, "a frame's file"),
    line: numberOf(frame.line, "a frame's line"),
    function: textOf(frame.function, "a frame's function"),
    text: textOf(frame.text, "a frame's text"),
  };
}

function readFiber(value: unknown): FiberEntry {
  const fiber = objectOf(value, "a fiber");
  return {
    id: numberOf(fiber.id, "a fiber's id"),
    kind: textOf(fiber.kind, "a fiber's kind"),
    state: textOf(fiber.state, "a fiber's state"),
    age: numberOf(fiber.age, "a fiber's age"),
    waitsFor: fiber.waitsFor === null ? null : textOf(fiber.waitsFor, "what a fiber waits for"),
    frames: listOf(fiber.frames, "a fiber's stack", mostFrames).map(readFrame),
    omittedFrames: numberOf(fiber.omittedFrames, "the number of omitted frames"),
  };
}

/** Throws TypeError, RangeError or SyntaxError when the text is no list of fibers. */
export function readFiberList(text: string): FiberList {
  if (text.length > mostCharacters) throw new RangeError(`a list of fibers has at most ${mostCharacters} characters`);
  const list = objectOf(JSON.parse(text), "the list of fibers");
  return {
    live: numberOf(list.live, "the number of fibers"),
    fibers: listOf(list.fibers, "the list of fibers", mostFibers).map(readFiber),
  };
}
