// The binding of assets: fetch() gets files of the Worker's assets folder, whatever the request's host.
"use strict";
{
  const { bridge, on, followed } = __blockon;
  // A Worker may put another in its place.
  const { Response } = globalThis;

  /** @type {Map<number, PromiseWithResolvers<Response>>} */
  const pending = new Map();
  let lastId = 0;

  const take = (id) => {
    const answer = pending.get(id);
    pending.delete(id);
    return answer;
  };

  on("assets.answer", (id, status, headers, bytes) => {
    const body = bytes.length === 0 ? null : bytes;
    take(id)?.resolve(new Response(body, { status, headers: JSON.parse(headers), encodeBody: "manual" }));
  });
  on("assets.error", (id, text) => {
    take(id)?.reject(new TypeError(`assets: ${text}`));
  });

  const ask = (request) => {
    const id = ++lastId;
    bridge.call("assets.fetch", id, request.method, request.url, JSON.stringify([...request.headers]));
    const answer = Promise.withResolvers();
    pending.set(id, answer);
    return answer.promise;
  };

  class Fetcher {
    async fetch(input, init = undefined) {
      return followed(input, init, ask);
    }

    get [Symbol.toStringTag]() {
      return "Fetcher";
    }
  }

  __blockon.newAssets = () => new Fetcher();
}
