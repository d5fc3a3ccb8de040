// A note in two browsers, each with a node of its own: both write in the same text.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityProblems, freshNode, launch, openPage, shot, until } from "./nodes.mjs";

let browser, annNode, bobNode, ann, bob;

before(async () => {
  browser = await launch();
  [annNode, bobNode] = await Promise.all([freshNode("react_notes"), freshNode("react_notes")]);
  [ann, bob] = await Promise.all([openPage(browser, annNode), openPage(browser, bobNode)]);
});
after(async () => {
  await browser?.close();
  await Promise.all([annNode?.remove(), bobNode?.remove()]);
});

const editor = (page) => page.getByLabel("Text of the note");
const text = (page) => editor(page).evaluate((element) => {
  // The names beside cursors are not part of the text.
  const copy = element.cloneNode(true);
  for (const cursor of copy.querySelectorAll(".tlfs-cursor")) cursor.remove();
  return [...copy.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n");
});
async function bothShow(expected) {
  for (const page of [ann, bob]) {
    let found;
    try {
      await until(async () => (found = await text(page)) === expected, "both show the same");
    } catch {
      assert.equal(found, expected);
    }
  }
}

test("what one types, the other reads", async () => {
  await ann.getByLabel("Your name, as others see it").fill("Ann");
  await bob.getByLabel("Your name, as others see it").fill("Bob");
  await ann.getByRole("button", { name: "New note" }).click();
  await editor(ann).click();
  await ann.keyboard.type("Dear all,\n\nthe meeting is on Monday.");
  await ann.getByLabel("Title of the note").fill("Meeting");
  await ann.getByLabel("Title of the note").press("Enter");
  await ann.getByRole("button", { name: "Share" }).click();
  const link = await ann.getByLabel("Whoever has this link").inputValue();
  await ann.getByRole("button", { name: "Done" }).click();
  await bob.getByLabel("Link of an invitation").fill(link);
  await bob.getByRole("button", { name: "Join" }).click();
  await bothShow("Dear all,\n\nthe meeting is on Monday.");
});

test("both write at the same time, and each one's cursor stays where it is", async () => {
  await editor(ann).click();
  await ann.keyboard.press("Control+Home");
  await editor(bob).click();
  await bob.keyboard.press("Control+End");
  await Promise.all([ann.keyboard.type("Hello! ", { delay: 30 }), bob.keyboard.type(" Please come.", { delay: 30 })]);
  await bothShow("Hello! Dear all,\n\nthe meeting is on Monday. Please come.");
  await bob.keyboard.type(" Bob");
  await bothShow("Hello! Dear all,\n\nthe meeting is on Monday. Please come. Bob");
});

test("each sees the other's cursor, with a name", async () => {
  await ann.locator(".tlfs-cursor-name", { hasText: "Bob" }).waitFor();
  await bob.keyboard.press("Shift+Control+ArrowLeft");
  await ann.locator(".tlfs-selection", { hasText: "Bob" }).waitFor();
  await shot(ann, "notes_cursors");
});

test("undo takes back one's own typing and leaves the other's", async () => {
  await bob.keyboard.press("Control+End");
  await new Promise((resolve) => setTimeout(resolve, 600));
  await bob.keyboard.type(" Bye");
  await bothShow("Hello! Dear all,\n\nthe meeting is on Monday. Please come. Bob Bye");
  await editor(ann).click();
  await ann.keyboard.press("Control+Home");
  await ann.keyboard.type("1");
  await bothShow("1Hello! Dear all,\n\nthe meeting is on Monday. Please come. Bob Bye");
  await bob.keyboard.press("Control+z");
  await bothShow("1Hello! Dear all,\n\nthe meeting is on Monday. Please come. Bob");
  await ann.keyboard.press("Control+z");
  await bothShow("Hello! Dear all,\n\nthe meeting is on Monday. Please come. Bob");
  await bob.keyboard.press("Control+y");
  await bothShow("Hello! Dear all,\n\nthe meeting is on Monday. Please come. Bob Bye");
});

test("what is written while the node is away is kept, and comes together afterwards", async () => {
  await bobNode.kill();
  await bob.getByText("Off-line:").waitFor();
  await bob.keyboard.press("Control+End");
  await bob.keyboard.type(", off-line");
  await ann.keyboard.press("Control+Home");
  await ann.keyboard.type("2");
  await bobNode.run();
  // A new start has a new key to the door; another page brings it, and the one that stayed open comes back by itself.
  await (await bob.context().newPage()).goto(bobNode.link);
  await bob.getByText("Off-line:").waitFor({ state: "detached", timeout: 30_000 });
  await annNode.tlfs(["connect", bobNode.listen]);
  await bothShow("2Hello! Dear all,\n\nthe meeting is on Monday. Please come. Bob Bye, off-line");
});

test("the page is accessible, in light and in dark", async () => {
  await shot(ann, "notes_light");
  assert.deepEqual(await accessibilityProblems(ann), []);
  await ann.emulateMedia({ colorScheme: "dark" });
  await shot(ann, "notes_dark");
  assert.deepEqual(await accessibilityProblems(ann), []);
});

test("nothing went wrong in the pages that nobody saw", () => {
  assert.deepEqual([...ann.problems, ...bob.problems], []);
});
