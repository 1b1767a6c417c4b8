// The rest of a Worker's global scope: self, navigator, performance, and the name that tells scripts where they are.
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

  /** What nobody handles goes to the log. */
  expose("reportError", function reportError(error) {
    console.error(error);
  });

  const timeOrigin = Date.now() - bridge.call("now");
  expose("performance", {
    timeOrigin,
    now() {
      return bridge.call("now");
    },
  });
}
