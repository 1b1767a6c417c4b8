// The operations that a realm may ask of the host, by name. Each file of this folder holds a group; none trusts what it gets.
import type { BridgeValue, HostEnd } from "../../addon.ts";

export type Operation = (...values: BridgeValue[]) => BridgeValue | void;
export type Operations = { readonly [name: string]: Operation };

/** Operations of which some call into the realm later, and how many of those calls are still to come. */
export interface LaterOperations {
  readonly operations: Operations;
  underWay(): number;
  /** Ends what goes on, where that would go on by itself: the realm is not told of anything any more. */
  end?(): void;
}

/** How an operation calls into the realm later. What the realm's listener throws is logged, not rethrown. */
export type SendToRealm = HostEnd["send"];

export function needNumber(value: BridgeValue): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new TypeError("expected a number");
  return value;
}

export function needString(value: BridgeValue): string {
  if (typeof value !== "string") throw new TypeError("expected a string");
  return value;
}
