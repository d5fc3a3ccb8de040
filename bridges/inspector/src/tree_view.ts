/** The live tree of the node's actors: who runs, what waits for them, how often they were started again. */
import type { Client } from "@tlfs/client";

import { cell, cells, h, repeat, Rows, say, table } from "./dom.js";

export interface Actor {
  readonly path: string;
  readonly kind: "supervisor" | "worker";
  readonly state: string;
  readonly restarts: number;
  readonly messages: number;
  readonly busy_ns: number;
  readonly mailbox: { readonly depth: number; readonly high_water: number; readonly limit: number };
  readonly rejected: number;
  readonly dropped: number;
  readonly coalesced: number;
  readonly last_error?: string;
  readonly stuck_on?: string;
  readonly silent?: boolean;
  readonly children?: readonly Actor[];
}
export interface Tree {
  readonly dead_letters: number;
  readonly stuck: number;
  readonly truncated: boolean;
  readonly tree: Actor | null;
}

interface Line {
  readonly actor: Actor;
  /** Its path below its supervisor. */
  readonly name: string;
  readonly depth: number;
}

/** In preorder. */
export function lines(root: Actor | null): readonly Line[] {
  const out: Line[] = [];
  const visit = (actor: Actor, above: string, depth: number) => {
    out.push({ actor, name: actor.path.slice(above.length + 1), depth });
    for (const child of actor.children ?? []) visit(child, actor.path, depth + 1);
  };
  if (root) visit(root, "", 0);
  return out;
}

export function trouble(actor: Actor): string {
  const parts: string[] = [];
  if (actor.silent) parts.push("does not answer");
  if (actor.stuck_on) parts.push(`stuck on ${actor.stuck_on}`);
  if (actor.rejected > 0) parts.push(`${actor.rejected} refused`);
  if (actor.dropped > 0) parts.push(`${actor.dropped} dropped`);
  if (actor.last_error) parts.push(actor.last_error);
  return parts.join("; ");
}

const numbers = [2, 3, 4, 5, 6];

export function treeView(root: HTMLElement, client: Client): () => void {
  const figures = { actors: h("dd"), restarts: h("dd"), letters: h("dd"), stuck: h("dd") };
  const { table: shown, body } = table(
    "Actors as they are now, each below its supervisor",
    ["Actor", "State", "Restarts", "Messages", "Busy", "Waiting", "At most", "Trouble"],
    numbers,
  );
  const note = h("p", { class: "warn", role: "status" });
  root.append(
    h("h2", {}, "Supervision tree"),
    h(
      "dl",
      { class: "figures" },
      h("div", {}, h("dt", {}, "actors"), figures.actors),
      h("div", {}, h("dt", {}, "restarts"), figures.restarts),
      h("div", {}, h("dt", {}, "dead letters"), figures.letters),
      h("div", {}, h("dt", {}, "stuck handlers"), figures.stuck),
    ),
    note,
    h("div", { class: "panel", tabindex: 0, role: "region", "aria-label": "Actors" }, shown),
  );
  const rows = new Rows<Line>(
    body,
    (line) => line.actor.path,
    (line) => {
      const row = cells(8, numbers);
      const name = line.name.length > 24 ? `${line.name.slice(0, 24)}…` : line.name;
      const at = h("span", { class: "mono", title: line.actor.path }, name);
      at.style.marginInlineStart = `${line.depth * 1.25}rem`;
      cell(row, 0).append(at);
      return row;
    },
    (row, { actor }) => {
      say(cell(row, 1), actor.state, actor.state === "running" ? "good" : actor.state === "quarantined" ? "bad" : "warn");
      say(cell(row, 2), String(actor.restarts), actor.restarts > 0 ? "number warn" : "number");
      say(cell(row, 3), actor.messages.toLocaleString("en"));
      say(cell(row, 4), `${(actor.busy_ns / 1e6).toFixed(1)} ms`);
      say(cell(row, 5), String(actor.mailbox.depth), actor.mailbox.depth > actor.mailbox.limit / 2 ? "number bad" : "number");
      say(cell(row, 6), String(actor.mailbox.high_water));
      say(cell(row, 7), trouble(actor), "warn");
    },
  );
  return repeat(1000, async () => {
    try {
      const tree = (await client.tree()) as Tree;
      const all = lines(tree.tree);
      rows.show(all);
      say(figures.actors, String(all.length));
      say(figures.restarts, String(all.reduce((sum, line) => sum + line.actor.restarts, 0)));
      say(figures.letters, String(tree.dead_letters));
      say(figures.stuck, String(tree.stuck), tree.stuck > 0 ? "bad" : "");
      say(note, tree.truncated ? "There are more actors than are listed." : "");
    } catch (error) {
      say(note, `The tree cannot be had now: ${(error as Error).message}`);
    }
  });
}
