// Calls that are not to be under way together.

export type InTurn = <Result>(call: () => Promise<Result>) => Promise<Result>;

/** A function that has one call after the other. */
export function inTurn(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (call) => {
    const result = last.then(call);
    // Who called is told of a failure.
    last = result.catch(() => undefined);
    return result;
  };
}
