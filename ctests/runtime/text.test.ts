import assert from "node:assert/strict";
import { it } from "node:test";
import { bounded, pieces } from "../../runtime/worker/text.ts";

it("a long text is told by its start and its end", () => {
  assert.equal(bounded("abcd", 4), "abcd");
  assert.equal(bounded("abcde", 4), "ab\n  [1 characters are left out]\nde");
  assert.ok(bounded("a😀😀b", 4).isWellFormed());
});

it("the pieces of a text are the text, and characters stay whole", () => {
  assert.deepEqual([...pieces("", 3)], []);
  assert.deepEqual([...pieces("abc", 3)], ["abc"]);
  assert.deepEqual([...pieces("abcd", 3)], ["abc", "d"]);
  assert.deepEqual([...pieces("ab😀c", 3)], ["ab", "😀c"]);
});
