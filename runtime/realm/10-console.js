// console: lines to the host's log, each with a level. https://console.spec.whatwg.org/
"use strict";
{
  const { bridge, expose, whenReset } = __blockon;
  const mostCharacters = 16 * 1024;
  let indent = "";

  /** @param {any} value @param {number} depth @param {Set<any>} seen @returns {string} */
  const inspect = (value, depth, seen) => {
    if (typeof value === "string") return depth === 0 ? value : JSON.stringify(value);
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value === "symbol") return value.toString();
    if (typeof value === "function") return `[Function: ${value.name || "(anonymous)"}]`;
    if (typeof value !== "object" || value === null) return String(value);
    if (value instanceof Error) return value.stack ?? String(value);
    if (seen.has(value)) return "[Circular]";
    if (depth > 2) return Array.isArray(value) ? "[Array]" : "[Object]";
    seen.add(value);
    try {
      if (Array.isArray(value))
        return `[ ${value
          .slice(0, 100)
          .map((item) => inspect(item, depth + 1, seen))
          .join(", ")} ]`;
      if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value.byteLength} bytes)`;
      if (value instanceof Map) {
        const entries = [...value].slice(0, 100);
        const text = entries.map(([k, v]) => `${inspect(k, depth + 1, seen)} => ${inspect(v, depth + 1, seen)}`);
        return `Map(${value.size}) { ${text.join(", ")} }`;
      }
      if (value instanceof Set) {
        return `Set(${value.size}) { ${[...value]
          .slice(0, 100)
          .map((v) => inspect(v, depth + 1, seen))
          .join(", ")} }`;
      }
      const keys = Object.keys(value).slice(0, 100);
      const name = value.constructor?.name;
      const text = keys.map((key) => `${key}: ${inspect(value[key], depth + 1, seen)}`).join(", ");
      return `${name && name !== "Object" ? `${name} ` : ""}{${text && ` ${text} `}}`;
    } catch (error) {
      return `[an object that cannot be shown: ${error}]`;
    } finally {
      seen.delete(value);
    }
  };

  /** @param {any[]} values */
  const format = (values) => {
    let rest = values;
    let text = "";
    if (typeof values[0] === "string" && values[0].includes("%")) {
      let next = 1;
      text = values[0].replace(/%[sdifoOc%]/g, (directive) => {
        if (directive === "%%") return "%";
        if (next >= values.length) return directive;
        const value = values[next++];
        if (directive === "%c") return "";
        if (directive === "%d" || directive === "%i") return String(Number.parseInt(value, 10));
        if (directive === "%f") return String(Number.parseFloat(value));
        return directive === "%s" ? String(value) : inspect(value, 1, new Set());
      });
      rest = values.slice(next);
    }
    const parts = rest.map((value) => inspect(value, 0, new Set()));
    if (text !== "") parts.unshift(text);
    const line = indent + parts.join(" ");
    return line.length > mostCharacters ? `${line.slice(0, mostCharacters)}... (${line.length} characters)` : line;
  };

  const write = (level) =>
    function log(...values) {
      bridge.call("log", level, format(values));
    };
  const counts = new Map();
  const timers = new Map();
  const info = write("info");
  whenReset.push(() => {
    indent = "";
    counts.clear();
    timers.clear();
  });

  const console = {
    debug: write("debug"),
    error: write("error"),
    info,
    log: info,
    trace: write("debug"),
    warn: write("warn"),
    dir: (value) => info(value),
    assert(condition, ...values) {
      if (!condition) console.error("Assertion failed:", ...values);
    },
    count(label = "default") {
      counts.set(label, (counts.get(label) ?? 0) + 1);
      info(`${label}: ${counts.get(label)}`);
    },
    countReset(label = "default") {
      counts.delete(label);
    },
    group(...values) {
      if (values.length > 0) info(...values);
      indent += "  ";
    },
    groupEnd() {
      indent = indent.slice(2);
    },
    time(label = "default") {
      timers.set(label, Date.now());
    },
    timeEnd(label = "default") {
      if (timers.has(label)) info(`${label}: ${Date.now() - timers.get(label)} ms`);
      timers.delete(label);
    },
  };
  console.groupCollapsed = console.group;
  expose("console", console);
}
