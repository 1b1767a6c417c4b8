// URL and URLSearchParams. https://url.spec.whatwg.org/
//
// The host's parser does the parsing and serialising; this class holds the parts.
"use strict";
{
  const { bridge, expose } = __blockon;
  const encodeForm = (text) =>
    encodeURIComponent(text.toWellFormed())
      .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll("%20", "+");
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const decodeForm = (text) => {
    const spaced = text.replaceAll("+", " ");
    if (!spaced.includes("%")) return spaced;
    const bytes = encoder.encode(spaced);
    const out = [];
    for (let i = 0; i < bytes.length; i++) {
      const hex = bytes[i] === 0x25 ? String.fromCharCode(...bytes.subarray(i + 1, i + 3)) : "";
      if (/^[0-9a-fA-F]{2}$/.test(hex)) {
        out.push(Number.parseInt(hex, 16));
        i += 2;
      } else {
        out.push(bytes[i]);
      }
    }
    return decoder.decode(new Uint8Array(out));
  };
  const parseForm = (text) =>
    text
      .split("&")
      .filter((part) => part !== "")
      .map((part) => {
        const equals = part.indexOf("=");
        const name = equals < 0 ? part : part.slice(0, equals);
        return [decodeForm(name), decodeForm(equals < 0 ? "" : part.slice(equals + 1))];
      });

  class URLSearchParams {
    #pairs = [];
    #changed;

    constructor(init = "", changed = undefined) {
      this.#changed = changed;
      if (typeof init === "object" && init !== null) {
        const iterable = typeof init[Symbol.iterator] === "function";
        for (const pair of iterable ? init : Object.entries(init)) {
          const items = [...pair];
          if (items.length !== 2) throw new TypeError("URLSearchParams: each entry must be a pair of name and value");
          this.#pairs.push([String(items[0]), String(items[1])]);
        }
      } else {
        this.#pairs = parseForm(String(init).replace(/^\?/, ""));
      }
    }

    get size() {
      return this.#pairs.length;
    }

    append(name, value) {
      this.#pairs.push([String(name), String(value)]);
      this.#changed?.(this);
    }

    delete(name, value = undefined) {
      this.#pairs = this.#pairs.filter(([n, v]) => n !== String(name) || (value !== undefined && v !== String(value)));
      this.#changed?.(this);
    }

    get(name) {
      return this.#pairs.find(([n]) => n === String(name))?.[1] ?? null;
    }

    getAll(name) {
      return this.#pairs.filter(([n]) => n === String(name)).map(([, v]) => v);
    }

    has(name, value = undefined) {
      return this.#pairs.some(([n, v]) => n === String(name) && (value === undefined || v === String(value)));
    }

    set(name, value) {
      const first = this.#pairs.findIndex(([n]) => n === String(name));
      if (first < 0) {
        this.#pairs.push([String(name), String(value)]);
      } else {
        this.#pairs[first][1] = String(value);
        this.#pairs = this.#pairs.filter(([n], index) => n !== String(name) || index === first);
      }
      this.#changed?.(this);
    }

    sort() {
      this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      this.#changed?.(this);
    }

    forEach(callback, self = undefined) {
      for (const [name, value] of this.#pairs) callback.call(self, value, name, this);
    }

    *entries() {
      for (const [name, value] of this.#pairs) yield [name, value];
    }

    *keys() {
      for (const [name] of this.#pairs) yield name;
    }

    *values() {
      for (const [, value] of this.#pairs) yield value;
    }

    [Symbol.iterator]() {
      return this.entries();
    }

    toString() {
      return this.#pairs.map(([name, value]) => `${encodeForm(name)}=${encodeForm(value)}`).join("&");
    }

    get [Symbol.toStringTag]() {
      return "URLSearchParams";
    }
  }

  const parse = (text, base) => {
    const json = bridge.call("url.parse", text, base ?? null);
    if (json === null) throw new TypeError(`Invalid URL: ${text}`);
    return JSON.parse(json);
  };

  class URL {
    #parts;
    #params;

    constructor(url, base = undefined) {
      this.#parts = parse(String(url), base === undefined ? null : String(base));
    }

    static canParse(url, base = undefined) {
      return bridge.call("url.parse", String(url), base === undefined ? null : String(base)) !== null;
    }

    static parse(url, base = undefined) {
      return URL.canParse(url, base) ? new URL(url, base) : null;
    }

    get searchParams() {
      this.#params ??= new URLSearchParams(this.#parts.search, (params) => this.#set("search", params.toString()));
      return this.#params;
    }

    #set(part, value) {
      this.#parts = JSON.parse(bridge.call("url.set", this.#parts.href, part, value));
    }

    #setAndForget(part, value) {
      this.#set(part, String(value));
      this.#params = undefined;
    }

    get href() {
      return this.#parts.href;
    }

    set href(value) {
      this.#parts = parse(String(value), null);
      this.#params = undefined;
    }

    get origin() {
      return this.#parts.origin;
    }

    get search() {
      return this.#parts.search;
    }

    set search(value) {
      this.#setAndForget("search", value);
    }

    static {
      for (const part of ["protocol", "username", "password", "host", "hostname", "port", "pathname", "hash"]) {
        Object.defineProperty(URL.prototype, part, {
          configurable: true,
          enumerable: true,
          get() {
            return this.#parts[part];
          },
          set(value) {
            this.#setAndForget(part, value);
          },
        });
      }
    }

    toString() {
      return this.#parts.href;
    }

    toJSON() {
      return this.#parts.href;
    }

    get [Symbol.toStringTag]() {
      return "URL";
    }
  }

  expose("URL", URL);
  expose("URLSearchParams", URLSearchParams);
}
