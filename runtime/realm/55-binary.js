// atob and btoa. https://html.spec.whatwg.org/#atob
"use strict";
{
  const { expose } = __blockon;
  const { decodeLatin1 } = __blockon.bridge;
  const invalid = (text) => new DOMException(text, "InvalidCharacterError");

  expose("atob", function atob(data) {
    const text = String(data).replace(/[\t\n\f\r ]/g, "");
    try {
      return decodeLatin1(Uint8Array.fromBase64(text, { lastChunkHandling: "loose" }));
    } catch {
      throw invalid("atob: the string is no Base64");
    }
  });
  expose("btoa", function btoa(data) {
    const text = String(data);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 255) throw invalid("btoa: the string has a character above U+00FF");
      bytes[i] = unit;
    }
    return bytes.toBase64();
  });
}
