/** Keys of elements. */
import { expect, test } from "vitest";
import { assignKeys } from "../src/keys.js";

const element = (name: string) => ({ name });

function keysAfter(before: readonly object[], after: readonly object[]): readonly number[] {
  const first = assignKeys({ list: [], keys: [] }, before, 0);
  return assignKeys(first.keyed, after, first.next).keyed.keys;
}

test("elements keep their keys when they move, and when others come and go", () => {
  const [a, b, c] = [element("a"), element("b"), element("c")];
  expect(keysAfter([a, b, c], [c, a, b])).toEqual([2, 0, 1]);
  expect(keysAfter([a, b, c], [a, c])).toEqual([0, 2]);
  expect(keysAfter([a, b, c], [element("x"), a, b, element("y"), c])).toEqual([3, 0, 1, 4, 2]);
});

test("an edited element keeps its key", () => {
  const [a, b, c] = [element("a"), element("b"), element("c")];
  expect(keysAfter([a, b, c], [a, element("B"), c])).toEqual([0, 1, 2]);
  expect(keysAfter([a, b, c], [element("A"), element("B"), element("C")])).toEqual([0, 1, 2]);
  expect(keysAfter([a, b, c], [element("new"), a, element("B"), c])).toEqual([3, 0, 1, 2]);
});

test("where it cannot be said which of several elements was edited and which is new, all are new", () => {
  const [a, b, c] = [element("a"), element("b"), element("c")];
  expect(keysAfter([a, b, c], [element("1"), element("2"), b, c])).toEqual([3, 4, 1, 2]);
});

test("no two elements have the same key", () => {
  const [a, b, c] = [element("a"), element("b"), element("c")];
  for (const after of [
    [element("1"), element("2"), b, element("3"), a],
    [c, element("1"), b, element("2"), a, element("3")],
    [b, element("1"), element("2"), element("3")],
  ]) {
    const keys = keysAfter([a, b, c], after);
    expect(new Set(keys).size).toBe(after.length);
  }
});
