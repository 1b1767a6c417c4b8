// The names of `env`: each belongs to one binding.
import type { ValuePath } from "./document.ts";
import type { Reader } from "./reader.ts";

export const aVariable = "a variable";

export class BindingNames {
  /** By name, what has it. */
  readonly #taken = new Map<string, string>();

  /** @param at Where the reader's document has the name. */
  take(reader: Reader, at: string | ValuePath, name: string, what: string): string {
    if (!/^[A-Za-z_$][\w$]*$/.test(name)) {
      reader.fail(at, name, 'a name of letters, digits, _ and $ that does not begin with a digit, as in "CACHE"');
    }
    const other = this.#taken.get(name);
    if (other !== undefined) reader.fail(at, name, `another name than that of ${other}`);
    this.#taken.set(name, what);
    return name;
  }

  /** Names that were checked elsewhere. */
  add(names: Iterable<string>, what: string): void {
    for (const name of names) this.#taken.set(name, what);
  }

  withoutVariables(): ReadonlyMap<string, string> {
    return new Map([...this.#taken].filter(([, what]) => what !== aVariable));
  }
}
