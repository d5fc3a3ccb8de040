// The inspector in a browser: what it shows of a node is what the node is.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibilityProblems, freshNode, launch, openPage, shot, until } from "./nodes.mjs";
import { join } from "node:path";
import { root } from "../../examples/node.mjs";

let browser, node, page, list;
const titles = ["Milk", "Bread", "Apples", "Tea"];

before(async () => {
  browser = await launch();
  node = await freshNode("react_todo");
  list = (await node.tlfs(["doc", "create", "--schema", join(root, "examples/react_todo/todo.tlfs"), "--name", "Weekend"])).trim();
  for (const [i] of titles.entries()) {
    const tasks = titles.slice(0, i + 1).map((title) => ({ title, done: false }));
    await node.tlfs(["doc", "set", list, ".", JSON.stringify({ title: "Weekend", tasks })]);
    await node.tlfs(["doc", "history", list]); // seals what was written
  }
  page = await openPage(browser, node);
  await page.goto(new URL("/inspector/", node.link).href);
});
after(async () => {
  await browser?.close();
  await node?.remove();
});

const go = (name) => page.getByRole("link", { name, exact: true }).click();

test("the tree shows the actors that run, and has no trouble to tell of", async () => {
  const documents = page.getByRole("row").filter({ hasText: "documents" });
  await documents.getByText("running").first().waitFor();
  await until(async () => (await page.getByRole("row").filter({ hasText: "document/" }).count()) >= 1, "the open document is listed");
  assert.equal(await page.locator("dt:text-is('dead letters') ~ dd, dd:has(~ dt:text-is('dead letters'))").first().innerText(), "0");
  assert.deepEqual(await accessibilityProblems(page), []);
  await shot(page, "inspector_tree");
});

test("a document shows its value, and each version that it had", async () => {
  await go("Documents");
  await go("Weekend");
  await page.getByText("4 elements").waitFor();
  const history = JSON.parse(await node.tlfs(["doc", "history", list, "--json"]));
  const slider = page.getByLabel("Version: how many changes it holds");
  await until(async () => (await slider.getAttribute("max")) === String(history.length), "all changes are drawn");
  assert.equal(await page.locator(".graph circle").count(), history.length);
  assert.deepEqual(await accessibilityProblems(page), []);
  await page.getByText("4 elements").click();
  await page.getByText("[3]").click();
  await page.getByText('"Tea"').waitFor();
  await shot(page, "inspector_document");
  await slider.focus();
  await page.keyboard.press("ArrowLeft");
  await page.getByText("3 elements").waitFor();
  await page.keyboard.press("ArrowRight");
  await page.getByText("4 elements").waitFor();
});

test("who may do what is listed and explained, also after a grant", async () => {
  await page.getByRole("row").filter({ hasText: "user:" }).getByText("own", { exact: true }).waitFor();
  await page.getByLabel("Who", { exact: true }).fill("anyone");
  await page.getByRole("button", { name: "Explain" }).click();
  await page.locator("p.bad").filter({ hasText: /\w/ }).waitFor();
  await node.tlfs(["grant", list, "anyone", "read"]);
  await page.getByRole("button", { name: "Explain" }).click();
  await page.getByRole("row").filter({ hasText: "anyone" }).getByText("read", { exact: true }).waitFor();
  await page.locator("p.good").filter({ hasText: /\w/ }).last().waitFor();
});

test("what is written meanwhile is shown without being asked for", async () => {
  await node.tlfs(["doc", "set", list, ".tasks[0].title", '"Oat milk"']);
  await page.getByText("[0]").click();
  await page.getByText('"Oat milk"').waitFor();
  await node.tlfs(["doc", "set", list, ".tasks[0].title", '"Rice milk"']);
  await page.getByText('"Rice milk"').waitFor(); // what was opened has stayed open
});

test("peers and counters have their views", async () => {
  await go("Peers");
  await page.getByText("It knows nobody yet").waitFor();
  await go("Store");
  const size = page.locator("dl.figures div", { hasText: "store on the disk" }).locator("dd");
  await until(async () => /^[\d.,]+ [kM]?B$/.test(await size.innerText()), "the size of the store");
  await page.getByLabel("Show counters whose name holds").fill("tlfs_store");
  await page.getByRole("row").filter({ hasText: "tlfs_store" }).first().waitFor();
  assert.deepEqual(await accessibilityProblems(page), []);
  await shot(page, "inspector_store");
});

test("in the dark it is as readable", async () => {
  const dark = await openPage(browser, node, { colorScheme: "dark" });
  await dark.goto(new URL(`/inspector/#/documents/${list}`, node.link).href);
  await dark.getByText("4 elements").waitFor();
  assert.deepEqual(await accessibilityProblems(dark), []);
  await shot(dark, "inspector_dark");
  assert.deepEqual(dark.problems, []);
  await dark.context().close();
});

test("nothing has gone wrong in the page", () => assert.deepEqual(page.problems, []));
