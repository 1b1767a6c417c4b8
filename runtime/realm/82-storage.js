// How much the interpreter's files may hold: what Python writes, in /tmp and wherever else, is memory that no other limit counts.
//
// What counts is the room that a file has, once somebody has written to it; files that the Worker was given are the host's. A file that is
// deleted counts until its last descriptor is closed. Nobody tells of either, so all files are counted anew when the sum has come to the limit.
"use strict";
{
  /** ENOSPC, as Emscripten counts. */
  const noSpace = 51;

  /**
   * Has whoever writes more be refused with ENOSPC. Before anything is mounted.
   * @param {any} FS Emscripten's file system.
   * @param {number} limit Bytes.
   */
  __blockon.limitStorage = (FS, limit) => {
    const { MEMFS } = FS.filesystems;
    let used = 0;

    /** What files hold that a name or a descriptor leads to. */
    const count = () => {
      const nodes = new Set(FS.streams.map((stream) => stream?.node));
      for (let node of FS.nameTable) for (; node; node = node.name_next) nodes.add(node);
      let sum = 0;
      for (const node of nodes) sum += node?.storedBytes ?? 0;
      return sum;
    };

    /** Throws where a file cannot come to hold so many bytes. */
    const needRoom = (node, size) => {
      const more = size - (node.storedBytes ?? 0);
      if (used + more <= limit) return;
      used = count();
      if (used + more > limit) throw new FS.ErrnoError(noSpace);
    };

    /** An empty file of older Pyodides has no contents. */
    const roomOf = (node) => node.contents?.length ?? 0;

    const note = (node) => {
      const before = node.storedBytes ?? 0;
      node.storedBytes = roomOf(node);
      used += node.storedBytes - before;
    };

    const { expandFileStorage, resizeFileStorage } = MEMFS;
    MEMFS.expandFileStorage = (node, size) => {
      if (roomOf(node) >= size) return;
      needRoom(node, size);
      expandFileStorage(node, size);
      // It takes more than it needs, for what may come.
      const most = limit - used + (node.storedBytes ?? 0);
      if (roomOf(node) > most) node.contents = node.contents.slice(0, Math.max(size, most));
      note(node);
    };
    MEMFS.resizeFileStorage = (node, size) => {
      if (node.usedBytes === size) return;
      needRoom(node, size);
      resizeFileStorage(node, size);
      note(node);
    };

    const { write } = MEMFS.stream_ops;
    const limited = (stream, buffer, offset, length, position, canOwn) => {
      const { node } = stream;
      // An empty file gets the bytes as they are; else it expands, as above.
      const isWhole = length > 0 && (canOwn || (node.usedBytes === 0 && position === 0));
      if (isWhole) needRoom(node, length);
      const written = write(stream, buffer, offset, length, position, canOwn);
      if (isWhole) note(node);
      return written;
    };
    MEMFS.stream_ops.write = limited;
    MEMFS.ops_table.file.stream.write = limited;
  };
}
