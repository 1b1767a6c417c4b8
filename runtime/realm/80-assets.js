// Files for the realm: what Pyodide's loader reads by name, and the Worker's own files.
//
// Evaluated in the Worker's realm before the loader. The bytes come over the bridge as typed arrays born here; which
// names exist is the host's to say (an unknown one is an error there).
(() => {
  "use strict";
  const { bridge } = __blockon;

  /** @param {string} name A file of the distribution; Pyodide's loader puts its index URL "/" before it. */
  __blockon.asset = (name) => bridge.call("asset", name.startsWith("/") ? name.slice(1) : name);

  /**
   * The Worker's files and packages, written into the interpreter's own file system.
   * @param {any} FS Emscripten's file system.
   */
  __blockon.mountFiles = (FS) => {
    const made = new Set();
    for (const file of JSON.parse(bridge.call("file.list"))) {
      const path = `${file.mount}/${file.path}`;
      const folder = path.slice(0, path.lastIndexOf("/"));
      if (!made.has(folder)) {
        FS.mkdirTree(folder);
        made.add(folder);
      }
      FS.writeFile(path, bridge.call("file.read", path), { canOwn: true });
    }
  };
})();
