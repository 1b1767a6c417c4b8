// Headers as they cross from thread to thread and into the realm: one string, which is cheaper to send than a list.

export type Pairs = readonly (readonly [name: string, value: string])[];

/** Name and value of each, a line each: neither can have a line break in it. */
export type HeaderText = string;

export function headerText(pairs: Pairs): HeaderText {
  let text = "";
  for (const [name, value] of pairs) text += text === "" ? `${name}\n${value}` : `\n${name}\n${value}`;
  return text;
}

/** @param text a Worker may have written */
export function headerPairs(text: HeaderText): Pairs {
  const pairs: [string, string][] = [];
  if (text === "") return pairs;
  const lines = text.split("\n");
  for (let i = 0; i + 1 < lines.length; i += 2) pairs.push([lines[i] as string, lines[i + 1] as string]);
  return pairs;
}
