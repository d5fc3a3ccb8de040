// Measures how long it takes from an edit in one browser until the pixels of another show it: two users, two nodes, the todo
// list, everything on this machine. `npm run bench`, after tests/browser/run.sh has built the apps.
import { freshNode, launch, openPage, until } from "./nodes.mjs";

const rounds = Number(process.env.TLFS_ROUNDS ?? 200);
const browser = await launch();
const nodes = await Promise.all([freshNode("react_todo"), freshNode("react_todo")]);
try {
  const [ann, bob] = await Promise.all(nodes.map((node) => openPage(browser, node)));
  await ann.getByLabel("Name of a new list").fill("Latency");
  await ann.getByLabel("Make the list").click();
  await ann.getByLabel("What is to be done?").fill("Task");
  await ann.getByLabel("What is to be done?").press("Enter");
  await ann.getByRole("button", { name: "Share" }).click();
  await ann.getByRole("button", { name: "Make a link" }).click();
  const link = await ann.getByLabel("Whoever has this link").inputValue();
  await ann.getByLabel("Close").click();
  await bob.getByLabel("Link of an invitation").fill(link);
  await bob.getByRole("button", { name: "Join" }).click();
  const there = bob.getByLabel("Task is done");
  await there.waitFor();

  // All pages of a machine have one clock: performance.timeOrigin + performance.now().
  await bob.evaluate(() => {
    globalThis.shown = [];
    let last = document.querySelector('.task input[type="checkbox"]').checked;
    const look = () => {
      const now = document.querySelector('.task input[type="checkbox"]').checked;
      // This frame's callbacks run before it is drawn; the next one's come when it has been.
      if (now !== last) requestAnimationFrame(() => globalThis.shown.push(performance.timeOrigin + performance.now()));
      last = now;
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  const times = [];
  for (let round = 0; round < rounds; ++round) {
    const clicked = await ann.evaluate(() => {
      const at = performance.timeOrigin + performance.now();
      document.querySelector('.task input[type="checkbox"]').click();
      return at;
    });
    await until(async () => (await bob.evaluate(() => globalThis.shown.length)) > round, "the other shows it");
    times.push((await bob.evaluate((at) => globalThis.shown[at], round)) - clicked);
    // Not in step with the frames.
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 40));
  }
  times.sort((a, b) => a - b);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))].toFixed(1);
  console.log(`edit in one browser to pixels in another, ${rounds} edits: median ${at(0.5)} ms, 99 % ${at(0.99)} ms, longest ${at(1)} ms`);
} finally {
  await browser.close();
  await Promise.all(nodes.map((node) => node.remove()));
}
