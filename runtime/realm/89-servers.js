// For the servers in Python (ASGI, WSGI): `_blockon_host.servers`, exchanges in few crossings. What takes time is a promise that is
// never rejected for a client that has gone: that is `false`.
//
//   head(request)         "1" for a request with a body or "0", method, url, address and port of the client, then name and value of each
//                         header: each a line
//   read(request)         the next bytes, undefined at the end, or false; or a promise of one of these
//   respond(status, statusText, headers, body)   a Response; headers are names and values, each a line; body bytes,
//                         a string of ASCII, or undefined
//   text(body, status, headers)                  a Response as the constructor makes it of a string
//   open(status, statusText, headers)            a Response whose body is written
//   write(response, bytes)   undefined: go on; false: nobody reads; or a promise of one of these
//   end(response), fail(response, text)
//   gone(request)         a promise that is fulfilled when the client has gone, or has its answer
//   accept(protocol, headers)   a Response that accepts a WebSocket; protocol is a string or undefined
//   receive(response)     the next message, a string or bytes, or {code, reason} after the last; or a promise of one of these
//   arrived(response)     undefined when receive() gives one at once, else a promise
//   send(response, data)  as write(); close(response, code, reason)
//   answer, connect, onAnswer, clientOf   as exchangeApi has them (88-websockets.js); headers of connect as above
"use strict";
{
  const { Body, areHeaderLines, clientOf, exchangeApi, headerLines, newExchangeResponse } = __blockon;
  // A Worker may put others in their places.
  const { DOMException, Response: NewResponse } = globalThis;

  const isGone = (error) => {
    if (error instanceof DOMException && error.name === "AbortError") return false;
    throw error;
  };
  const end = (value) => value ?? undefined;

  /** What an operation of exchangeApi gives, with the client's absence as a value. */
  const settled = (operation) => {
    try {
      const given = operation();
      return given instanceof Promise ? given.then(end, isGone) : end(given);
    } catch (error) {
      return isGone(error);
    }
  };

  const lines = (text) => {
    if (text === "") return [];
    const parts = text.split("\n");
    const pairs = [];
    for (let i = 0; i + 1 < parts.length; i += 2) pairs.push([parts[i], parts[i + 1]]);
    return pairs;
  };

  /** What a Response is made of: the lines themselves, where they need nothing done. */
  const headersOf = (text) => (areHeaderLines(text) ? text : lines(text));

  __blockon.servers = {
    head(request) {
      const start = `${Body.peek(request) === null ? "0" : "1"}\n${request.method}\n${request.url}\n${clientOf(request)}`;
      const lines = headerLines(request);
      return lines === "" ? start : `${start}\n${lines}`;
    },
    read: (request) => settled(() => exchangeApi.readBody(request)),
    respond: (status, statusText, headers, body) =>
      newExchangeResponse(status, statusText, headersOf(headers), body ?? ""),
    text: (body, status, headers) => new NewResponse(body, { status, headers: lines(headers) }),
    open: (status, statusText, headers) => newExchangeResponse(status, statusText, headersOf(headers), null),
    write: (response, bytes) => settled(() => exchangeApi.write(response, bytes)),
    end: (response) => exchangeApi.end(response),
    fail: (response, text) => exchangeApi.fail(response, text),
    gone: (request) => exchangeApi.disconnected(request),
    accept: (protocol, headers) => exchangeApi.acceptWebSocket(protocol, JSON.stringify(lines(headers))),
    receive: (response) => exchangeApi.readMessage(response),
    arrived: (response) => exchangeApi.messageArrived(response),
    send(response, data) {
      if (exchangeApi.isClosed(response)) return false;
      const room = exchangeApi.sendMessage(response, data);
      return room?.then(() => (exchangeApi.isClosed(response) ? false : undefined));
    },
    close: (response, code, reason) => exchangeApi.closeWebSocket(response, code, reason),
    answer: (request, response) => exchangeApi.answer(request, response),
    connect: (url, protocols, headers) => exchangeApi.connect(url, protocols, JSON.stringify(lines(headers))),
    onAnswer: (request, told) => exchangeApi.onAnswer(request, told),
    clientOf: (response) => exchangeApi.clientOf(response),
  };
}
