// The rest of a Worker's global scope: self, navigator, performance, crypto, and the name that tells scripts where they are.
"use strict";
{
  const { bridge, expose } = __blockon;

  class WorkerGlobalScope extends EventTarget {}
  expose("WorkerGlobalScope", WorkerGlobalScope);
  expose("self", globalThis);

  class Navigator {
    /** The value that Cloudflare documents, by which libraries know a Worker. */
    get userAgent() {
      return "Cloudflare-Workers";
    }

    get hardwareConcurrency() {
      return 1;
    }

    get language() {
      return "en";
    }
  }
  expose("navigator", new Navigator());

  const timeOrigin = Date.now() - bridge.call("now");
  expose("performance", {
    timeOrigin,
    now() {
      return bridge.call("now");
    },
  });

  const mostRandomBytes = 65536;
  const integerViews = ["Int8", "Uint8", "Uint8Clamped", "Int16", "Uint16", "Int32", "Uint32", "BigInt64", "BigUint64"];
  class Crypto {
    getRandomValues(view) {
      if (!ArrayBuffer.isView(view) || !integerViews.includes(view.constructor.name.replace(/Array$/, ""))) {
        throw new DOMException("getRandomValues: expected a typed array of integers", "TypeMismatchError");
      }
      if (view.byteLength > mostRandomBytes) {
        throw new DOMException(`getRandomValues: at most ${mostRandomBytes} bytes at once`, "QuotaExceededError");
      }
      new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(bridge.call("random", view.byteLength));
      return view;
    }

    randomUUID() {
      const bytes = bridge.call("random", 16);
      bytes[6] = (bytes[6] & 0x0f) | 0x40;
      bytes[8] = (bytes[8] & 0x3f) | 0x80;
      return bytes.toHex().replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
    }
  }
  expose("crypto", new Crypto());
}
