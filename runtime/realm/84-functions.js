// Functions that are sent to another Worker: they stay here, under a number, and a function there that asks for them (a stub) goes in
// their place.
//
// Who has the number and the token may call it. The token is random, so that nobody else can. What is passed with a call is let go when that
// is answered, as on Cloudflare's platform; of what a Worker returned it keeps the newest.
"use strict";
{
  const { bridge, whenReset } = __blockon;
  const mostKept = 10_000;

  /** By its number. @type {Map<number, Function>} */
  const kept = new Map();
  let lastNumber = 0;
  /** Made when it is needed, since a snapshot would give it to many realms. @type {string | null} */
  let token = null;
  whenReset.push(() => {
    kept.clear();
    token = null;
  });

  const gone = () =>
    new Error(
      "the function is gone: one that was passed ends with the call that it was passed for, and one that was returned with the " +
        `interpreter that returned it, or when that has returned ${mostKept} others`,
    );

  /** @param {Function} value @returns {[token: string, number: number]} What stands for it. */
  const keep = (value) => {
    token ??= bridge.call("random", 16).toHex();
    kept.set(++lastNumber, value);
    if (kept.size > mostKept) kept.delete(kept.keys().next().value);
    return [token, lastNumber];
  };

  /** The function of this realm; throws when it is gone. */
  const find = (ofToken, number) => {
    const value = ofToken === token ? kept.get(number) : undefined;
    if (value === undefined) throw gone();
    return value;
  };

  __blockon.functions = {
    keep,
    find,
    isOwn: (ofToken) => ofToken === token,
    /** @param {number[]} numbers */
    letGo(numbers) {
      for (const number of numbers) kept.delete(number);
    },
  };
}
