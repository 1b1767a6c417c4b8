// Files for the realm: what Pyodide's loader reads by name, and the Worker's own files.
//
// The bytes come over the bridge as typed arrays born here; which names exist is the host's to say (an unknown one is an
// error there).
"use strict";
{
  const { bridge } = __blockon;

  /** @param {string} name A file of the distribution; Pyodide's loader puts its index URL "/" before it. */
  __blockon.asset = (name) => bridge.call("asset", name.startsWith("/") ? name.slice(1) : name);

  /** EIO, as Emscripten counts. */
  const inputOutputError = 29;

  /** A file of MEMFS whose bytes come when somebody looks at them: most files of packages are never opened. @param read Gives them. */
  const addFile = (FS, folder, name, target, size, read) => {
    if (folder.contents[name] !== undefined) FS.unlink(target);
    const node = folder.node_ops.mknod(folder, name, 0o100644, 0);
    let bytes;
    node.usedBytes = size;
    Object.defineProperty(node, "contents", {
      get() {
        if (bytes === undefined) {
          try {
            bytes = read();
          } catch {
            throw new FS.ErrnoError(inputOutputError);
          }
          // It may have grown or shrunk since it was listed.
          node.usedBytes = bytes.length;
        }
        return bytes;
      },
      set(value) {
        bytes = value;
      },
    });
    return { node, isRead: () => bytes !== undefined };
  };

  /** Bytes of a part of a file. */
  const mostPart = 2 ** 20;

  /** A file of the distribution, of which parts are read as long as nobody wants all of it, in the interpreter's own file system. @param {any} FS Emscripten's. @param {string} target An absolute path. */
  __blockon.mountAsset = (FS, target, name) => {
    const end = target.lastIndexOf("/");
    const folder = FS.lookupPath(target.slice(0, end)).node;
    const whole = () => bridge.call("asset", name);
    const size = bridge.call("asset.size", name);
    const { node, isRead } = addFile(FS, folder, target.slice(end + 1), target, size, whole);
    const { stream_ops } = node;
    const read = (stream, buffer, offset, length, position) => {
      if (isRead()) return stream_ops.read(stream, buffer, offset, length, position);
      const wanted = Math.min(length, Math.max(0, size - position), mostPart);
      if (wanted === 0) return 0;
      let bytes;
      try {
        bytes = bridge.call("asset.part", name, position, wanted);
      } catch {
        throw new FS.ErrnoError(inputOutputError);
      }
      buffer.set(bytes, offset);
      return bytes.length;
    };
    node.stream_ops = { ...stream_ops, read };
  };

  /**
   * The Worker's files and packages, in the interpreter's own file system.
   * @param {any} FS Emscripten's file system.
   */
  __blockon.mountFiles = (FS) => {
    const folders = new Map();
    for (const [target, size] of JSON.parse(bridge.call("file.list"))) {
      const end = target.lastIndexOf("/");
      const path = target.slice(0, end);
      let folder = folders.get(path);
      if (folder === undefined) {
        FS.mkdirTree(path);
        folder = FS.lookupPath(path).node;
        folders.set(path, folder);
      }
      addFile(FS, folder, target.slice(end + 1), target, size, () => bridge.call("file.read", target));
    }
  };
}
