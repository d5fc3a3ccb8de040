/** Edits for property tests. */
import type { Draft } from "../src/index.js";
import type { Board } from "./board.js";
import type { Random } from "./random.js";

/** Some edits of a board, as a program would make them. */
export function editSomething(random: Random, draft: Draft<Board>): void {
  const { items, body, lines } = draft;
  for (let n = 1 + random.below(3); n > 0; --n) {
    const at = random.below(items.length + 1);
    switch (random.below(15)) {
      case 0:
      case 1:
        items.splice(at, 0, { title: `t${random.below(1000)}`, note: random.chance(2) ? "note" : "" });
        break;
      case 2:
        if (items.length > 0) items.splice(random.below(items.length), 1 + random.below(2));
        break;
      case 3:
        if (items.length > 1) items.move(random.below(items.length), random.below(items.length));
        break;
      case 4:
        if (items.length > 0) items[random.below(items.length)].title = `n${random.below(1000)}`;
        break;
      case 5:
        if (items.length > 0) items[random.below(items.length)].done = random.chance(2);
        break;
      case 6:
        if (items.length > 0) {
          const note = items[random.below(items.length)].note;
          note.insert(random.below(note.length + 1), random.of(["x", "yz"]));
        }
        break;
      case 7:
      case 8:
      case 9:
        body.insert(random.below(body.length + 1), random.of(["a", "bc", "def", "a"]));
        break;
      case 10: {
        const from = random.below(body.length + 1);
        body.splice(from, random.below(Math.min(4, body.length - from + 1)), random.of(["", "Q"]));
        break;
      }
      case 11:
        draft.votes.increment(1 + random.below(3));
        break;
      case 12:
        draft.people.set(random.of(["ann", "bob"]), { age: random.below(90), tags: ["x"] });
        break;
      case 13:
        draft.people.delete(random.of(["ann", "bob"]));
        break;
      case 14:
        if (lines.length < 3 || random.chance(2)) lines.push(random.of(["one", "two"]));
        else lines[random.below(lines.length)].insert(0, "+");
        break;
    }
  }
}
