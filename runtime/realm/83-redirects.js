// fetch() of a binding that is no server (another Worker, the assets): redirects are followed as the request says, within the binding.
// https://fetch.spec.whatwg.org/#http-redirect-fetch
"use strict";
{
  const { Body, reached } = __blockon;
  // A Worker may put others in their places.
  const { Headers, Request, URL } = globalThis;
  const redirectStatus = new Set([301, 302, 303, 307, 308]);
  const mostRedirects = 20;
  const ofBody = ["content-encoding", "content-language", "content-location", "content-type", "content-length"];

  const failed = (text) => new TypeError("fetch failed", { cause: new Error(text) });

  /** The request that a redirect asks for. @param {Uint8Array | null | undefined} body Undefined for one that is read once. */
  const redirectedRequest = (request, status, location, body) => {
    const { url, method, redirect, signal } = request;
    const next = new URL(location, url);
    if (next.protocol !== "http:" && next.protocol !== "https:") throw failed(`a redirect to ${next.protocol}`);
    if (next.hash === "") next.hash = new URL(url).hash;
    const headers = new Headers(request.headers);
    if (next.origin !== new URL(url).origin) headers.delete("authorization");
    if ((status <= 302 && method === "POST") || (status === 303 && method !== "GET" && method !== "HEAD")) {
      for (const name of ofBody) headers.delete(name);
      return new Request(next.href, { method: "GET", headers, redirect, signal });
    }
    if (body === undefined) throw failed(`a redirect with ${status} of a request whose body is a stream`);
    return new Request(next.href, { method, headers, redirect, signal, body });
  };

  /** @param {(request: Request) => Promise<Response>} ask Asks the binding once. */
  __blockon.followed = async (input, init, ask) => {
    let request = new Request(input, init);
    for (let count = 0; ; count++) {
      const { redirect, url } = request;
      const content = Body.peek(request);
      const body = content === null || content instanceof Uint8Array ? content : undefined;
      const response = await ask(request);
      const location = redirectStatus.has(response.status) ? response.headers.get("location") : null;
      if (location === null || redirect === "manual") return reached(response, url, count > 0);
      if (redirect === "error") throw failed("unexpected redirect");
      if (count === mostRedirects) throw failed(`more than ${mostRedirects} redirects`);
      response.body?.cancel().catch(() => {});
      request = redirectedRequest(request, response.status, location, body);
    }
  };
}
