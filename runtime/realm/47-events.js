// Event and EventTarget. https://dom.spec.whatwg.org/#events
"use strict";
{
  const { bridge, expose } = __blockon;
  const eventKey = Symbol("Event");

  class Event {
    #type;
    #bubbles;
    #cancelable;
    #composed;
    #prevented = false;
    #stopped = false;
    #isPassive = false;
    #target = null;
    #currentTarget = null;
    #timeStamp = bridge.call("now");

    constructor(type, options = {}) {
      this.#type = String(type);
      this.#bubbles = Boolean(options?.bubbles);
      this.#cancelable = Boolean(options?.cancelable);
      this.#composed = Boolean(options?.composed);
    }

    /** Only this file dispatches events: it sets where one is, and asks whether it was stopped. */
    static [eventKey] = {
      at(event, target) {
        if (target !== null) event.#target = target;
        event.#currentTarget = target;
      },
      isStopped: (event) => event.#stopped,
      isUnderWay: (event) => event.#currentTarget !== null,
      passive(event, isPassive) {
        event.#isPassive = isPassive;
      },
      done(event) {
        event.#stopped = false;
      },
    };

    get type() {
      return this.#type;
    }

    get target() {
      return this.#target;
    }

    get srcElement() {
      return this.#target;
    }

    get currentTarget() {
      return this.#currentTarget;
    }

    get bubbles() {
      return this.#bubbles;
    }

    get cancelable() {
      return this.#cancelable;
    }

    get composed() {
      return this.#composed;
    }

    get defaultPrevented() {
      return this.#prevented;
    }

    get returnValue() {
      return !this.#prevented;
    }

    get eventPhase() {
      return this.#currentTarget === null ? Event.NONE : Event.AT_TARGET;
    }

    get timeStamp() {
      return this.#timeStamp;
    }

    get isTrusted() {
      return false;
    }

    composedPath() {
      return this.#currentTarget === null ? [] : [this.#currentTarget];
    }

    preventDefault() {
      if (this.#cancelable && !this.#isPassive) this.#prevented = true;
    }

    // There is one target to an event: nothing is above it.
    stopPropagation() {}

    stopImmediatePropagation() {
      this.#stopped = true;
    }

    get [Symbol.toStringTag]() {
      return "Event";
    }
  }
  for (const [value, name] of ["NONE", "CAPTURING_PHASE", "AT_TARGET", "BUBBLING_PHASE"].entries()) {
    for (const object of [Event, Event.prototype]) Object.defineProperty(object, name, { value, enumerable: true });
  }
  const dispatching = Event[eventKey];
  delete Event[eventKey];

  class EventTarget {
    /** @type {Map<string, {callback: any, once: boolean, capture: boolean, passive: boolean, removed: boolean}[]>} */
    #listeners = new Map();

    addEventListener(type, callback, options = undefined) {
      const isObject = typeof options === "object" && options !== null;
      const capture = Boolean(isObject ? options.capture : options);
      const signal = isObject ? options.signal : undefined;
      if (signal !== undefined && !(signal instanceof AbortSignal)) {
        throw new TypeError("addEventListener: signal must be an AbortSignal");
      }
      if (callback === null || callback === undefined || signal?.aborted) return;
      if (typeof callback !== "function" && typeof callback !== "object") {
        throw new TypeError("addEventListener: the callback must be a function or an object");
      }
      const name = String(type);
      const listeners = this.#listeners.get(name) ?? [];
      if (listeners.some((listener) => listener.callback === callback && listener.capture === capture)) return;
      const once = isObject && Boolean(options.once);
      const passive = isObject && Boolean(options.passive);
      listeners.push({ callback, once, capture, passive, removed: false });
      this.#listeners.set(name, listeners);
      signal?.addEventListener("abort", () => this.removeEventListener(name, callback, capture), { once: true });
    }

    removeEventListener(type, callback, options = undefined) {
      const capture = Boolean(typeof options === "object" && options !== null ? options.capture : options);
      const name = String(type);
      const kept = this.#listeners.get(name)?.filter((listener) => {
        listener.removed ||= listener.callback === callback && listener.capture === capture;
        return !listener.removed;
      });
      if (kept === undefined) return;
      if (kept.length === 0) this.#listeners.delete(name);
      else this.#listeners.set(name, kept);
    }

    dispatchEvent(event) {
      if (!(event instanceof Event)) throw new TypeError("dispatchEvent: expected an Event");
      if (dispatching.isUnderWay(event)) {
        throw new DOMException("dispatchEvent: the event is being dispatched already", "InvalidStateError");
      }
      dispatching.at(event, this);
      const handler = this[`on${event.type}`];
      const listeners = [...(this.#listeners.get(event.type) ?? [])].sort(
        (a, b) => Number(b.capture) - Number(a.capture),
      );
      if (typeof handler === "function")
        listeners.unshift({ callback: handler, once: false, capture: false, passive: false, removed: false });
      for (const listener of listeners) {
        if (dispatching.isStopped(event)) break;
        if (listener.removed) continue;
        const { callback, once, capture } = listener;
        if (once) this.removeEventListener(event.type, callback, capture);
        dispatching.passive(event, listener.passive);
        try {
          if (typeof callback === "function") callback.call(this, event);
          else callback.handleEvent(event);
        } catch (error) {
          console.error("Uncaught", error);
        }
        dispatching.passive(event, false);
      }
      dispatching.at(event, null);
      dispatching.done(event);
      return !event.defaultPrevented;
    }

    get [Symbol.toStringTag]() {
      return "EventTarget";
    }
  }

  expose("Event", Event);
  expose("EventTarget", EventTarget);
}
