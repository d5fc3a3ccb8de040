// How long it takes from an edit in one browser until the pixels of another show it: two users, two nodes, the todo list,
// everything on this machine.
import { freshNode, launch, openPage, until } from "../../tests/browser/nodes.mjs";

const rounds = 50; // of a sample

/** A function that measures one sample, and one that ends everything. */
export async function latency() {
  const browser = await launch();
  const nodes = await Promise.all([freshNode("react_todo"), freshNode("react_todo")]);
  const end = async () => {
    await browser.close();
    await Promise.all(nodes.map((node) => node.remove()));
  };
  try {
    const [ann, bob] = await Promise.all(nodes.map((node) => openPage(browser, node)));
    await share(ann, bob);
    await bob.evaluate(watch);
    let seen = 0;
    const sample = async () => {
      const times = [];
      for (const last = seen + rounds; seen < last; ++seen) {
        const clicked = await ann.evaluate(click);
        await until(async () => (await bob.evaluate(() => globalThis.shown.length)) > seen, "the other shows it");
        times.push((await bob.evaluate((at) => globalThis.shown[at], seen)) - clicked);
        // Not in step with the frames.
        await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 40));
      }
      times.sort((a, b) => a - b);
      return { value: times[times.length >> 1], extra: { p99_ms: times[Math.floor(times.length * 0.99)] } };
    };
    return { sample, end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function share(ann, bob) {
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
  await bob.getByLabel("Task is done").waitFor();
}

// In the pages. All pages of a machine have one clock: performance.timeOrigin + performance.now().

function click() {
  const at = performance.timeOrigin + performance.now();
  document.querySelector('.task input[type="checkbox"]').click();
  return at;
}

function watch() {
  const box = () => document.querySelector('.task input[type="checkbox"]').checked;
  globalThis.shown = [];
  let last = box();
  const look = () => {
    const now = box();
    // This frame's callbacks run before it is drawn; the next one's come when it has been.
    if (now !== last) requestAnimationFrame(() => globalThis.shown.push(performance.timeOrigin + performance.now()));
    last = now;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
