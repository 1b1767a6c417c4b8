import { bounded } from "../worker/text.ts";

const mostCharacters = 4096;
const mostDetailCharacters = 300;

/** What an error's text comes to, without the calls below: the last line that is not indented, of Python's and of JavaScript's. */
export function gist(text: string): string {
  const line =
    bounded(text, mostCharacters)
      .split("\n")
      .findLast((each) => /^\S/.test(each)) ?? "";
  return line.slice(0, mostDetailCharacters);
}
