// Headers. https://fetch.spec.whatwg.org/#headers-class
"use strict";
{
  const namePattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

  const toName = (value) => {
    const name = String(value);
    if (!namePattern.test(name)) throw new TypeError(`Headers: ${JSON.stringify(name)} is not a header name`);
    return name.toLowerCase();
  };
  const toValue = (name, value) => {
    const text = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
    if (/[\0\n\r\u0100-\uffff]/.test(text)) {
      throw new TypeError(`Headers: the value of ${name} holds a character that a header cannot carry`);
    }
    return text;
  };

  /** Lowercase names and values, a line each, as a list of Headers would have them. */
  const linesPattern =
    /^(?:[!#$%&'*+\-.^_`|~0-9a-z]+\n(?:[^\0\t\n\r \u0100-\uffff](?:[^\0\n\r\u0100-\uffff]*[^\0\t\n\r \u0100-\uffff])?)?(?:\n(?!$)|$))+$/;
  /** The last that were, which most often are the next. */
  let plainLines = "";

  /** Whether these lines are what #toLines() makes of Headers with them: each name once, in their order. @param {string} text */
  const areLines = (text) => {
    if (text === plainLines) return true;
    if (!linesPattern.test(text)) return false;
    const parts = text.split("\n");
    for (let i = 2; i < parts.length; i += 2) if (parts[i] <= parts[i - 2]) return false;
    plainLines = text;
    return true;
  };

  class Headers {
    /** Lowercase name and value, in the order of arrival. @type {[string, string][]} */
    #list = [];

    constructor(init = undefined) {
      if (init === undefined || init === null) return;
      if (typeof init !== "object") throw new TypeError("Headers: expected an object, pairs or Headers");
      if (init instanceof Headers) {
        this.#list = [...init.#list];
        return;
      }
      const pairs = typeof init[Symbol.iterator] === "function" ? init : Object.entries(init);
      for (const pair of pairs) {
        const items = [...pair];
        if (items.length !== 2) throw new TypeError("Headers: each entry must be a pair of name and value");
        this.append(items[0], items[1]);
      }
    }

    /** Of the host's, which has them checked: name and value, each a line. */
    static #ofLines = (text) => {
      const headers = new Headers();
      if (text === "") return headers;
      const lines = text.split("\n");
      for (let i = 0; i + 1 < lines.length; i += 2) headers.#list.push([lines[i], lines[i + 1]]);
      return headers;
    };

    /** Sorted, those of one name as one, but for cookies. */
    #combined() {
      const list = this.#list;
      if (list.length < 2) return list;
      const combined = [];
      for (const pair of list.toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))) {
        const last = combined.at(-1);
        if (last === undefined || last[0] !== pair[0] || pair[0] === "set-cookie") combined.push(pair);
        else combined[combined.length - 1] = [pair[0], `${last[1]}, ${pair[1]}`];
      }
      return combined;
    }

    static #toLines = (headers) => {
      let text = "";
      for (const [name, value] of headers.#combined())
        text += text === "" ? `${name}\n${value}` : `\n${name}\n${value}`;
      return text;
    };

    static {
      __blockon.headersOfLines = Headers.#ofLines;
      __blockon.linesOfHeaders = Headers.#toLines;
      __blockon.areHeaderLines = areLines;
    }

    append(name, value) {
      const lower = toName(name);
      this.#list.push([lower, toValue(lower, value)]);
    }

    delete(name) {
      const lower = toName(name);
      this.#list = this.#list.filter(([n]) => n !== lower);
    }

    get(name) {
      const lower = toName(name);
      const values = this.#list.filter(([n]) => n === lower).map(([, value]) => value);
      return values.length === 0 ? null : values.join(", ");
    }

    /** Cloudflare's older name of getSetCookie(). */
    getAll(name) {
      if (toName(name) !== "set-cookie")
        throw new TypeError("Headers: getAll() is for Set-Cookie; get() has the others");
      return this.getSetCookie();
    }

    getSetCookie() {
      return this.#list.filter(([n]) => n === "set-cookie").map(([, value]) => value);
    }

    has(name) {
      const lower = toName(name);
      return this.#list.some(([n]) => n === lower);
    }

    set(name, value) {
      const lower = toName(name);
      const text = toValue(lower, value);
      const first = this.#list.findIndex(([n]) => n === lower);
      if (first < 0) {
        this.#list.push([lower, text]);
        return;
      }
      this.#list = this.#list.filter(([n], index) => n !== lower || index === first);
      this.#list[first] = [lower, text];
    }

    forEach(callback, self = undefined) {
      for (const [name, value] of this) callback.call(self, value, name, this);
    }

    *entries() {
      for (const [name, value] of this.#combined()) yield [name, value];
    }

    *keys() {
      for (const [name] of this.entries()) yield name;
    }

    *values() {
      for (const [, value] of this.entries()) yield value;
    }

    [Symbol.iterator]() {
      return this.entries();
    }

    get [Symbol.toStringTag]() {
      return "Headers";
    }
  }

  __blockon.expose("Headers", Headers);
}
