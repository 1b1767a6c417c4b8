// What of `exchangeApi` (86-exchanges.js) is WebSockets' alone.
//
//   answer(request, response)   answers the request now, while its handler goes on
//   connect(url, protocols, headers)
//                               a promise of the Response to a fetch that asks for a WebSocket. With the status 101 its messages are read and
//                               sent as those of acceptWebSocket()
//   onAnswer(request, told)     of a request that did not come in: told(response) stands for who asked
//   clientOf(response)          the other end of one that was accepted, as a Response for readMessage() and the others
"use strict";
{
  const { exchangeApi, exchangeOfRequest, makeResponse, takeWire, wireOfFetched, wires, Wire, connectPair } = __blockon;
  const { Headers, fetch } = globalThis;

  /** @type {WeakMap<object, (response: Response) => void>} */
  const waiting = new WeakMap();

  exchangeApi.answer = (request, response) => {
    const exchange = exchangeOfRequest(request);
    if (exchange !== undefined) {
      exchange.answer(response, String);
      return;
    }
    const told = waiting.get(request);
    if (told === undefined) {
      throw new TypeError("a WebSocket cannot be accepted here: the request is another Worker's, and did not come in");
    }
    told(response);
  };

  exchangeApi.onAnswer = (request, told) => {
    waiting.set(request, told);
  };

  exchangeApi.connect = async (url, protocols, headers) => {
    const asked = new Headers(JSON.parse(headers));
    asked.set("upgrade", "websocket");
    if (protocols !== "") asked.set("sec-websocket-protocol", protocols);
    const response = await fetch(url.replace(/^ws/, "http"), { headers: asked });
    if (response.webSocket === null) await response.body?.cancel();
    else wires.set(response, wireOfFetched(response.webSocket));
    return response;
  };

  exchangeApi.clientOf = (response) => {
    const wire = wires.get(response) ?? takeWire(response);
    if (wire === null) throw new TypeError("the response accepts no WebSocket");
    const client = new Wire();
    connectPair(wire, client);
    const end = makeResponse(101, "", [...response.headers], null);
    wires.set(end, client);
    return end;
  };
}
