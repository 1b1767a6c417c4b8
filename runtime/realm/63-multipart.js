// multipart/form-data, both ways. https://html.spec.whatwg.org/#multipart-form-data, RFC 7578
"use strict";
{
  const { blobBytes } = __blockon;
  const { decodeLatin1 } = __blockon.bridge;
  // A Worker may put others in their places.
  const { File, FormData } = globalThis;
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const mostParts = 10_000;
  const mostHeadBytes = 16 * 1024;

  const escaped = (name) =>
    name
      .replace(/\r\n?|\n/g, "\r\n")
      .replaceAll("\r", "%0D")
      .replaceAll("\n", "%0A")
      .replaceAll('"', "%22");

  /** @param {FormData} form @returns {{bytes: Uint8Array, type: string}} */
  const encode = (form) => {
    const boundary = `----blockon${crypto.randomUUID().replaceAll("-", "")}`;
    const parts = [];
    for (const [name, value] of form) {
      const disposition = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(name)}"`;
      if (typeof value === "string") {
        parts.push(encoder.encode(`${disposition}\r\n\r\n${value.replace(/\r\n?|\n/g, "\r\n")}\r\n`));
      } else {
        const type = value.type || "application/octet-stream";
        parts.push(
          encoder.encode(`${disposition}; filename="${escaped(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`),
        );
        parts.push(blobBytes(value), encoder.encode("\r\n"));
      }
    }
    parts.push(encoder.encode(`--${boundary}--\r\n`));
    const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      bytes.set(part, offset);
      offset += part.length;
    }
    return { bytes, type: `multipart/form-data; boundary=${boundary}` };
  };

  /** Where `wanted` is in `bytes`, from `from` on; -1 if it is nowhere. */
  const find = (bytes, wanted, from) => {
    const last = bytes.length - wanted.length;
    for (let at = bytes.indexOf(wanted[0], from); at >= 0 && at <= last; at = bytes.indexOf(wanted[0], at + 1)) {
      let i = 1;
      while (i < wanted.length && bytes[at + i] === wanted[i]) i++;
      if (i === wanted.length) return at;
    }
    return -1;
  };

  /** A parameter of a header's value: a token or a quoted string; undefined if it has none. */
  const parameter = (value, name) => {
    const match = new RegExp(`;[\\t ]*${name}[\\t ]*=[\\t ]*(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\t ]*))`, "is").exec(value);
    return match === null ? undefined : (match[1] ?? match[2]);
  };
  const unescaped = (name) => name.replaceAll("%22", '"').replace(/%0d/gi, "\r").replace(/%0a/gi, "\n");

  const malformed = (what) => new TypeError(`formData: the body is no multipart/form-data: ${what}`);

  /** @returns {{name: string, fileName: string | undefined, type: string}} */
  const readHead = (bytes) => {
    const headers = new Map();
    for (const line of decoder.decode(bytes).split("\r\n")) {
      const colon = line.indexOf(":");
      if (colon < 0) throw malformed(`a part has the header line ${JSON.stringify(line.slice(0, 100))}`);
      headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    }
    const disposition = headers.get("content-disposition") ?? "";
    const name = parameter(disposition, "name");
    if (!/^form-data(?:[\t ]*;|$)/i.test(disposition) || name === undefined) throw malformed("a part has no name");
    const fileName = parameter(disposition, "filename");
    return {
      name: unescaped(name),
      fileName: fileName === undefined ? undefined : unescaped(fileName),
      type: headers.get("content-type") ?? "text/plain",
    };
  };

  /** @param {Uint8Array} bytes @param {string} contentType @returns {FormData} */
  const parse = (bytes, contentType) => {
    const boundary = parameter(contentType, "boundary");
    if (!boundary || boundary.length > 70) throw malformed("Content-Type has no boundary");
    const delimiter = encoder.encode(`\r\n--${boundary}`);
    const form = new FormData();
    const opens = find(bytes, delimiter.subarray(2), 0);
    if (opens < 0 || (opens > 0 && decodeLatin1(bytes.slice(opens - 2, opens)) !== "\r\n"))
      throw malformed("its boundary is not there");
    let at = opens + delimiter.length - 2;
    for (let count = 0; ; count++) {
      if (bytes[at] === 0x2d && bytes[at + 1] === 0x2d) return form;
      while (bytes[at] === 0x20 || bytes[at] === 0x09) at++;
      if (bytes[at] !== 0x0d || bytes[at + 1] !== 0x0a) throw malformed("a boundary is followed by something else");
      if (count === mostParts) throw new RangeError(`formData: the body has more than ${mostParts} parts`);
      const headEnd = find(bytes, [13, 10, 13, 10], at);
      if (headEnd < 0 || headEnd - at > mostHeadBytes) throw malformed("a part's headers do not end");
      const { name, fileName, type } = readHead(bytes.subarray(at + 2, Math.max(headEnd, at + 2)));
      const end = find(bytes, delimiter, headEnd + 2);
      if (end < 0) throw malformed("its last boundary is missing");
      const content = bytes.slice(Math.min(headEnd + 4, end), end);
      form.append(name, fileName === undefined ? decoder.decode(content) : new File([content], fileName, { type }));
      at = end + delimiter.length;
    }
  };

  __blockon.encodeMultipart = encode;
  __blockon.parseMultipart = parse;
}
