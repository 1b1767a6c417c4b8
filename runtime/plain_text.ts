// Text of others for a terminal.

/**
 * With a code (\u001b) in place of each character that a terminal acts upon or does not show: controls, directions, halves of
 * surrogate pairs. Also JSON stays what it is, on one line.
 */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, index) => {
      const code = character.charCodeAt(index).toString(16).padStart(4, "0");
      return `\\u${code}`;
    }).join(""),
  );
}
