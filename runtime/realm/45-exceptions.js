// DOMException. https://webidl.spec.whatwg.org/#idl-DOMException
"use strict";
{
  /** The names that have a number, by it. https://webidl.spec.whatwg.org/#idl-DOMException-error-names */
  const named = [
    ...[
      "",
      "IndexSizeError",
      "",
      "HierarchyRequestError",
      "WrongDocumentError",
      "InvalidCharacterError",
      "",
      "NoModificationAllowedError",
    ],
    ...[
      "NotFoundError",
      "NotSupportedError",
      "InUseAttributeError",
      "InvalidStateError",
      "SyntaxError",
      "InvalidModificationError",
    ],
    ...[
      "NamespaceError",
      "InvalidAccessError",
      "",
      "TypeMismatchError",
      "SecurityError",
      "NetworkError",
      "AbortError",
      "URLMismatchError",
    ],
    ...["QuotaExceededError", "TimeoutError", "InvalidNodeTypeError", "DataCloneError"],
  ];

  class DOMException extends Error {
    #name;

    constructor(message = "", name = "Error") {
      super(message);
      this.#name = String(name);
    }

    get name() {
      return this.#name;
    }

    get code() {
      return this.#name === "" ? 0 : Math.max(named.indexOf(this.#name), 0);
    }

    get [Symbol.toStringTag]() {
      return "DOMException";
    }
  }
  for (const [code, name] of named.entries()) {
    // AbortError is ABORT_ERR there, URLMismatchError URL_MISMATCH_ERR.
    const words = name.replace(/Error$/, "").replace(/([a-z])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3_$2$4");
    if (name === "") continue;
    for (const object of [DOMException, DOMException.prototype]) {
      Object.defineProperty(object, `${words.toUpperCase()}_ERR`, { value: code, enumerable: true });
    }
  }

  __blockon.expose("DOMException", DOMException);
}
