// What Python passed to an API of the realm's.
"use strict";
{
  /** In JavaScript: its dicts as objects, all of it a copy. What is JavaScript's stays as it is. */
  const fromPython = (value) =>
    typeof value?.toJs === "function"
      ? value.toJs({ dict_converter: Object.fromEntries, create_pyproxies: false })
      : value;

  /** An object of options, of whatever kind; an empty one for none. */
  const optionsOf = (given) => {
    const options = fromPython(given) ?? {};
    return options instanceof Map ? Object.fromEntries(options) : options;
  };

  Object.assign(__blockon, { fromPython, optionsOf });
}
