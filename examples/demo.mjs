// Two users, Ann and Bob, each with a node of their own, and a todo list that Ann shares with Bob. Prints a link for each
// of them, to be opened in two browser windows; runs until Ctrl-C. What they write stays in build/demo.
//
//   node examples/demo.mjs [DIRECTORY]
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Node, root } from "./node.mjs";

const name = "Our list";

/** Starts both nodes and sees to it that they share the list. */
export async function startDemo(directory) {
  const ann = await Node.start(join(directory, "ann"), "react_todo");
  let bob;
  try {
    bob = await Node.start(join(directory, "bob"), "react_todo");
    const held = async (node) => JSON.parse(await node.tlfs(["doc", "list", "--json"])).find((one) => one.name === name)?.id;
    let list = await held(ann);
    if (list === undefined) {
      list = (await ann.tlfs(["doc", "create", "--schema", join(root, "examples/react_todo/todo.tlfs"), "--name", name])).trim();
      await ann.tlfs(["doc", "set", list, ".title", JSON.stringify(name)]);
    }
    if ((await held(bob)) === undefined) {
      const link = (await ann.tlfs(["invite", list, "--level", "write", "--json"])).trim();
      await bob.tlfs(["join", JSON.parse(link).link]);
    }
    return { ann, bob, list };
  } catch (error) {
    await Promise.all([ann.stop(), bob?.stop()]);
    throw error;
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { ann, bob, list } = await startDemo(process.argv[2] ?? join(root, "build/demo"));
  console.log(`Two nodes run, each with its own data and keys, and share a list. Open each link in a window of its own:

  Ann  ${ann.link}#${list}
  Bob  ${bob.link}#${list}

Look inside the nodes: ${new URL("/inspector/", ann.link)} and ${new URL("/inspector/", bob.link)}, in the same windows' browsers.
Ctrl-C ends both; what was written stays in ${process.argv[2] ?? "build/demo"}.`);
  const end = async () => {
    await Promise.all([ann.stop(), bob.stop()]);
    process.exit(0);
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
}
