// Takes secrets out of texts that a Worker writes or fails with, before a log or a report has them.

const masked = "[secret]";
/** A shorter one would be found where it is not meant. */
const leastCharacters = 6;

export type Mask = (text: string) => string;

export function maskOf(secrets: Iterable<string>): Mask {
  // The longest first, since one may be a part of another. Lines of a secret of several are secrets as well: logs have lines.
  const parts = [...new Set([...secrets].flatMap((secret) => [secret, ...secret.split("\n")]))]
    .filter((part) => part.length >= leastCharacters)
    .sort((one, other) => other.length - one.length);
  return (text) => parts.reduce((before, part) => before.replaceAll(part, () => masked), text);
}
