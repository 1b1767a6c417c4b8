// Files for the realm: what Pyodide's loader reads by name, and the Worker's own files.
//
// The bytes come over the bridge as typed arrays born here; which names exist is the host's to say (an unknown one is an
// error there).
"use strict";
{
  const { bridge } = __blockon;

  /** @param {string} name A file of the distribution; Pyodide's loader puts its index URL "/" before it. */
  __blockon.asset = (name) => bridge.call("asset", name.startsWith("/") ? name.slice(1) : name);

  /**
   * The Worker's files and packages, written into the interpreter's own file system.
   * @param {any} FS Emscripten's file system.
   */
  __blockon.mountFiles = (FS) => {
    const made = new Set();
    for (const target of JSON.parse(bridge.call("file.list"))) {
      const folder = target.slice(0, target.lastIndexOf("/"));
      if (!made.has(folder)) {
        FS.mkdirTree(folder);
        made.add(folder);
      }
      FS.writeFile(target, bridge.call("file.read", target), { canOwn: true });
    }
  };
}
