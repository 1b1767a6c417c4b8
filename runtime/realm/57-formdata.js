// FormData. https://xhr.spec.whatwg.org/#interface-formdata
"use strict";
{
  const { expose } = __blockon;

  /** A Blob gets a name, a File may get another. */
  const toValue = (value, name) => {
    if (!(value instanceof Blob)) {
      if (name !== undefined) throw new TypeError("FormData: a file name is for a Blob");
      return String(value).toWellFormed();
    }
    if (value instanceof File && name === undefined) return value;
    const { type } = value;
    return new File([value], name ?? "blob", {
      type,
      ...(value instanceof File && { lastModified: value.lastModified }),
    });
  };
  const toName = (name) => String(name).toWellFormed();

  class FormData {
    /** @type {[string, string | File][]} */
    #entries = [];

    constructor(form = undefined) {
      if (form !== undefined)
        throw new TypeError("FormData: there are no forms here: call it without an argument, then append()");
    }

    append(name, value, fileName = undefined) {
      this.#entries.push([toName(name), toValue(value, fileName)]);
    }

    set(name, value, fileName = undefined) {
      const wanted = toName(name);
      const entry = [wanted, toValue(value, fileName)];
      const first = this.#entries.findIndex(([n]) => n === wanted);
      if (first < 0) {
        this.#entries.push(entry);
        return;
      }
      this.#entries = this.#entries.filter(([n], index) => n !== wanted || index === first);
      this.#entries[first] = entry;
    }

    delete(name) {
      const wanted = toName(name);
      this.#entries = this.#entries.filter(([n]) => n !== wanted);
    }

    get(name) {
      const wanted = toName(name);
      return this.#entries.find(([n]) => n === wanted)?.[1] ?? null;
    }

    getAll(name) {
      const wanted = toName(name);
      return this.#entries.filter(([n]) => n === wanted).map(([, value]) => value);
    }

    has(name) {
      const wanted = toName(name);
      return this.#entries.some(([n]) => n === wanted);
    }

    forEach(callback, self = undefined) {
      for (const [name, value] of this) callback.call(self, value, name, this);
    }

    *entries() {
      for (const [name, value] of this.#entries) yield [name, value];
    }

    *keys() {
      for (const [name] of this.#entries) yield name;
    }

    *values() {
      for (const [, value] of this.#entries) yield value;
    }

    [Symbol.iterator]() {
      return this.entries();
    }

    get [Symbol.toStringTag]() {
      return "FormData";
    }
  }

  expose("FormData", FormData);
}
