// Images of read-only files: packages, in the interpreter's own file system. runtime/packages/image.ts writes them.
//
//   4 bytes   the index's size
//   then      the index, JSON: [[folder, where its first file begins, [name, size, name, size ...]], ...], each folder behind the one it is in
//   then      the files, in that order
//
// A mounted image is one folder with a table. A file or folder in it becomes a node of MEMFS when somebody looks it up by its name; a file's
// bytes go from the system's pages to where Python reads them, by the engine. Whoever writes to a file makes it his own, in MEMFS.
"use strict";
{
  const { engine } = __blockon;

  /** EIO, as Emscripten counts. */
  const inputOutputError = 29;
  const folderMode = 0o40755;
  const fileMode = 0o100644;

  /** @param {number} image @param {number} size @param {number} at */
  const readPart = (image, size, at) => {
    const bytes = new Uint8Array(size);
    engine.image_read(image, bytes, 0, size, at);
    return bytes;
  };

  /**
   * What is in each folder, by its path in the image: [size, place] of a file, the path of a folder.
   * @param {number} image
   * @returns {Map<string, {names: any[], at: number, folders: string[]}>}
   */
  const readIndex = (image) => {
    const size = new DataView(readPart(image, 4, 0).buffer).getUint32(0, true);
    const begin = 4 + size;
    const folders = new Map();
    for (const [path, at, names] of JSON.parse(new TextDecoder().decode(readPart(image, size, 4)))) {
      folders.set(path, { names, at: begin + at, folders: [] });
      if (path !== "") folders.get(path.slice(0, Math.max(0, path.lastIndexOf("/")))).folders.push(path);
    }
    return folders;
  };

  /** The operations on nodes of one image. */
  const operations = (FS, image) => {
    const { MEMFS } = FS.filesystems;
    const { dir, file } = MEMFS.ops_table;
    /** Read when somebody looks into it: who begins with a snapshot has imported what he needs. */
    let index;
    // The same in each interpreter: Python's finders look into a folder again when its time is another.
    const time = Date.UTC(1980, 0, 1);

    /** The entries of a folder that are no nodes yet, by name. */
    const pending = (folder) => {
      if (folder.imageEntries !== undefined) return folder.imageEntries;
      index ??= readIndex(image);
      const { names, at, folders } = index.get(folder.imagePath);
      const entries = new Map();
      let place = at;
      for (let i = 0; i < names.length; i += 2) {
        entries.set(names[i], [names[i + 1], place]);
        place += names[i + 1];
      }
      for (const path of folders) entries.set(path.slice(path.lastIndexOf("/") + 1), path);
      folder.imageEntries = entries;
      return entries;
    };

    const whole = (node) => {
      try {
        return readPart(image, node.usedBytes, node.imagePlace);
      } catch {
        throw new FS.ErrnoError(inputOutputError);
      }
    };

    /** It is MEMFS's from now on. */
    const own = (node, contents) => {
      node.imagePlace = undefined;
      Object.defineProperty(node, "contents", {
        value: contents,
        writable: true,
        enumerable: true,
        configurable: true,
      });
      return contents;
    };

    const fileContents = {
      configurable: true,
      enumerable: true,
      get() {
        return own(this, whole(this));
      },
      set(value) {
        own(this, value);
      },
    };

    const folderContents = {
      configurable: true,
      enumerable: true,
      get() {
        for (const name of [...pending(this).keys()]) make(this, name);
        const value = this.imageContents;
        Object.defineProperty(this, "contents", { value, writable: true, enumerable: true, configurable: true });
        return value;
      },
    };

    /** Makes a folder of MEMFS's that of a path in the image. */
    const adopt = (node, path) => {
      node.imagePath = path;
      node.imageEntries = undefined;
      node.imageContents = node.contents ?? {};
      node.atime = node.mtime = node.ctime = time;
      node.node_ops = folderOperations;
      node.stream_ops = dir.stream;
      Object.defineProperty(node, "contents", folderContents);
    };

    /** The node of a name that is pending. */
    const make = (folder, name) => {
      const entries = pending(folder);
      const entry = entries.get(name);
      entries.delete(name);
      const isFolder = typeof entry === "string";
      const node = FS.createNode(folder, name, isFolder ? folderMode : fileMode, 0);
      node.atime = node.mtime = node.ctime = time;
      if (isFolder) {
        adopt(node, entry);
      } else {
        [node.usedBytes, node.imagePlace] = entry;
        node.image = image;
        node.node_ops = file.node;
        node.stream_ops = fileStream;
        Object.defineProperty(node, "contents", fileContents);
      }
      folder.imageContents[name] = node;
      return node;
    };

    const folderOperations = {
      ...dir.node,
      lookup: (folder, name) => (pending(folder).has(name) ? make(folder, name) : dir.node.lookup(folder, name)),
      readdir: (folder) => [".", "..", ...Object.keys(folder.imageContents), ...pending(folder).keys()],
    };

    const fileStream = {
      ...file.stream,
      read(stream, buffer, offset, length, position) {
        const { node } = stream;
        if (node.imagePlace === undefined) return file.stream.read(stream, buffer, offset, length, position);
        if (position >= node.usedBytes) return 0;
        const size = Math.min(node.usedBytes - position, length);
        try {
          engine.image_read(image, buffer, offset, size, node.imagePlace + position);
        } catch {
          throw new FS.ErrnoError(inputOutputError);
        }
        return size;
      },
    };

    return { adopt };
  };

  /** The numbers of those that are mounted, by where. @type {Map<string, number>} */
  const mounted = new Map();

  /** For a snapshot: its interpreters have the same images there, whose indexes nobody needs to read for a place. */
  __blockon.imagePlaces = {
    /** Where a file's bytes are. @param {{image: number, imagePlace: number, usedBytes: number}} node */
    of({ image, imagePlace, usedBytes }) {
      for (const [mount, number] of mounted) if (number === image) return { mount, at: imagePlace, size: usedBytes };
      throw new Error(`the image ${image} is not mounted`);
    },
    /** @param {string} mount */
    numberAt: (mount) => mounted.get(mount),
  };

  /**
   * @param {any} FS Emscripten's file system.
   * @param {string[]} mounts Where images of the engine's are to be.
   * @param {number} first The number of the first.
   */
  __blockon.mountImages = (FS, mounts, first) => {
    for (const [index, path] of mounts.entries()) {
      FS.mkdirTree(path);
      operations(FS, first + index).adopt(FS.lookupPath(path).node, "");
      mounted.set(path, first + index);
    }
  };
}
