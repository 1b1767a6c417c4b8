// Text of a Worker's on its way to the server's thread, which processes it: of a bounded size, whatever the Worker says.

/** Of one text; as many as a line without an end of what Python writes. */
export const mostCharacters = 64 * 1024;

/** The text, or its start and its end with a line between them that says how much is left out: of an error both tell something. */
export function bounded(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = most / 2;
  const start = text.slice(0, half).toWellFormed();
  const end = text.slice(-half).toWellFormed();
  return `${start}\n  [${text.length - 2 * half} characters are left out]\n${end}`;
}

/** The text in pieces of at most so many characters, none of which ends within a character. */
export function* pieces(text: string, most: number): Generator<string> {
  let from = 0;
  while (from < text.length) {
    let to = Math.min(from + most, text.length);
    if (to < text.length && /[\uD800-\uDBFF]/.test(text.charAt(to - 1))) to--;
    yield text.slice(from, to);
    from = to;
  }
}
