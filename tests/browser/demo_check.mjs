// What `./dev demo` shows, tried in Chromium: both users open their links, each writes, each sees what the other wrote.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { startDemo } from "../../examples/demo.mjs";
import { freshDirectory, launch, openPage, shot, until } from "./nodes.mjs";

const directory = freshDirectory();
const { ann, bob, list } = await startDemo(directory);
const browser = await launch();
try {
  const pages = [];
  for (const [name, node] of [["Ann", ann], ["Bob", bob]]) {
    const page = await openPage(browser, { link: `${node.link}#${list}` });
    pages.push(page);
    const input = page.getByLabel("What is to be done?");
    await input.fill(`Something of ${name}'s`);
    await input.press("Enter");
    console.log(`${name} has written something.`);
  }
  for (const [i, name] of ["Ann", "Bob"].entries()) {
    await until(async () => (await pages[i].locator(".task").count()) === 2, `${name} sees both tasks`);
    console.log(`${name} sees what both wrote.`);
    await shot(pages[i], `demo_${name.toLowerCase()}`);
    assert.deepEqual(pages[i].problems, []);
  }
} finally {
  await browser.close();
  await Promise.all([ann.stop(), bob.stop()]);
  rmSync(directory, { recursive: true, force: true });
}
