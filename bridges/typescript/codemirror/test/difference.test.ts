/** Differences of texts. */
import { expect, test } from "vitest";
import { difference, type Replacement } from "../src/difference.js";
import { Random } from "./random.js";

function apply(text: string, changes: readonly Replacement[]): string {
  let out = "";
  let at = 0;
  for (const { from, removed, text: inserted } of changes) {
    expect(from).toBeGreaterThanOrEqual(at);
    out += text.slice(at, from) + inserted;
    at = from + removed;
  }
  return out + text.slice(at);
}

test("a difference makes the one text of the other, whatever they are", () => {
  const seed = Number(process.env.TLFS_SEED ?? Date.now() % 1e9);
  console.log(`seed ${seed}`);
  const random = new Random(seed);
  for (let round = 0; round < 3_000; ++round) {
    const before = random.text(random.below(40));
    const after = random.below(2) ? random.text(random.below(40)) : random.edited(before);
    const changes = difference(before, after);
    expect(apply(before, changes), `seed ${seed} round ${round}`).toBe(after);
    // No half characters: a document takes no position inside a surrogate pair.
    for (const { from, removed, text } of changes)
      for (const part of [before.slice(0, from), before.slice(from, from + removed), text])
        expect(() => encodeURIComponent(part), `seed ${seed} round ${round}`).not.toThrow();
  }
});

test("edits that are apart are told apart", () => {
  expect(difference("the quick brown fox jumps", "a quick brown fox jumped")).toHaveLength(2);
  expect(difference("one two three", "big one two three four")).toEqual([
    { from: 0, removed: 0, text: "big " },
    { from: 13, removed: 0, text: " four" },
  ]);
});

test("texts that have nothing in common are replaced as a whole, in little time", () => {
  const before = "a".repeat(20_000);
  const after = "b".repeat(20_000);
  const start = performance.now();
  expect(difference(`(${before})`, `(${after})`)).toEqual([{ from: 1, removed: 20_000, text: after }]);
  expect(performance.now() - start).toBeLessThan(1_000);
});
