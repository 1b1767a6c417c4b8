// Functions that are sent to another Worker, and objects of Python's RpcTarget: they stay here, under a token, and a function there that asks
// for them (a stub) goes in their place.
//
// Who has a function's token may call it, and no other: each has one of its own, which is random, so that who was given one function can name
// none of the others. What is passed with a call is let go when that is answered, as on Cloudflare's platform, but for what was duplicated until
// then, which has a token more; of what a Worker returned, and of duplicates, it keeps the newest, as long as they are not disposed of.
"use strict";
{
  const { bridge, whenReset } = __blockon;
  const mostKept = 10_000;

  /** By its token; what is owned is nobody else's. @type {Map<string, {value: Function | object, isOwned: boolean}>} */
  const kept = new Map();
  whenReset.push(() => kept.clear());

  const gone = () =>
    new Error(
      "the function is gone: one that was passed ends with the call that it was passed for, and one that was returned or duplicated when " +
        `it is disposed of, with the interpreter that it is of, or when there are ${mostKept} others`,
    );

  const newToken = () => bridge.call("random", 16).toHex();

  /** @param {string} token */
  const letGo = (token) => {
    const found = kept.get(token);
    if (kept.delete(token) && found.isOwned) found.value.destroy();
  };

  const put = (token, value, isOwned) => {
    kept.set(token, { value, isOwned });
    if (kept.size > mostKept) letGo(kept.keys().next().value);
  };

  /** @param {Function | object} value @param {boolean} [isOwned] A proxy of Python's to destroy. @returns {string} The token that stands for it. */
  const keep = (value, isOwned = false) => {
    const token = newToken();
    put(token, value, isOwned);
    return token;
  };

  /** The function of this realm; throws when it is gone. @param {string} token */
  const find = (token) => {
    const found = kept.get(token);
    if (found === undefined) throw gone();
    return found.value;
  };

  __blockon.functions = {
    keep,
    newToken,
    find,
    letGo,
    /** @param {string} token */
    isOwn: (token) => kept.has(token),
    /** Another token of the same, which whoever asks for it has made. @param {string} token @param {string} other */
    duplicate(token, other) {
      const value = find(token);
      const isToken = typeof other === "string" && /^[0-9a-f]{32}$/.test(other);
      if (!isToken || kept.has(other)) throw new TypeError("this is no new token of a function");
      // Python's proxies may end with the call that they were passed with; copies of them do not.
      const isOwned = typeof value.toJs === "function" && typeof value.copy === "function";
      put(other, isOwned ? value.copy() : value, isOwned);
    },
    /** Keeps functions as long as `use` goes on. @param {(keep: typeof keep) => Promise<any>} use */
    async during(use) {
      const tokens = [];
      const keepThese = (value, isOwned) => {
        const token = keep(value, isOwned);
        tokens.push(token);
        return token;
      };
      try {
        return await use(keepThese);
      } finally {
        for (const token of tokens) letGo(token);
      }
    },
  };
}
