// Functions that are sent to another Worker: they stay here, under a token, and a function there that asks for them (a stub) goes in
// their place.
//
// Who has a function's token may call it, and no other: each has one of its own, which is random, so that who was given one function can name
// none of the others. What is passed with a call is let go when that is answered, as on Cloudflare's platform; of what a Worker returned it
// keeps the newest.
"use strict";
{
  const { bridge, whenReset } = __blockon;
  const mostKept = 10_000;

  /** By its token. @type {Map<string, Function>} */
  const kept = new Map();
  whenReset.push(() => kept.clear());

  const gone = () =>
    new Error(
      "the function is gone: one that was passed ends with the call that it was passed for, and one that was returned with the " +
        `interpreter that returned it, or when that has returned ${mostKept} others`,
    );

  /** @param {Function} value @returns {string} The token that stands for it. */
  const keep = (value) => {
    const token = bridge.call("random", 16).toHex();
    kept.set(token, value);
    if (kept.size > mostKept) kept.delete(kept.keys().next().value);
    return token;
  };

  __blockon.functions = {
    keep,
    /** The function of this realm; throws when it is gone. @param {string} token */
    find(token) {
      const value = kept.get(token);
      if (value === undefined) throw gone();
      return value;
    },
    /** @param {string} token */
    isOwn: (token) => kept.has(token),
    /** @param {string} token */
    letGo: (token) => kept.delete(token),
    /** Keeps functions as long as `use` goes on. @param {(keep: (value: Function) => string) => Promise<any>} use */
    async during(use) {
      const tokens = [];
      const keepThese = (value) => {
        const token = keep(value);
        tokens.push(token);
        return token;
      };
      try {
        return await use(keepThese);
      } finally {
        for (const token of tokens) kept.delete(token);
      }
    },
  };
}
