/** The peers of the node, and what has gone over their links lately. */
import type { Client, Peer } from "@tlfs/client";

import { bytes, cell, cells, h, Rows, say, short, svg, table } from "./dom.js";

/** Readings that are kept of each peer. */
export const kept = 120;

/** Bytes per second between readings. A counter that falls began anew with another link. */
export class Traffic {
  readonly #readings: { readonly at: number; readonly total: number }[] = [];

  note(at: number, total: number): void {
    this.#readings.push({ at, total });
    if (this.#readings.length > kept) this.#readings.shift();
  }

  rates(): readonly number[] {
    return this.#readings.slice(1).map((now, i) => {
      const before = this.#readings[i] ?? now;
      const seconds = (now.at - before.at) / 1000;
      return seconds > 0 ? Math.max(0, now.total >= before.total ? now.total - before.total : now.total) / seconds : 0;
    });
  }
}

const width = 160;
const height = 28;

function spark(rates: readonly number[]): SVGSVGElement {
  const most = Math.max(1, ...rates);
  const points = rates.map((rate, i) => `${(i * width) / Math.max(1, kept - 2)},${height - 2 - (rate / most) * (height - 4)}`);
  return svg(
    "svg",
    { width, height, role: "img", "aria-label": `traffic lately, at most ${bytes(Math.round(most))} a second` },
    svg("polyline", { class: "spark", points: points.join(" ") }),
  );
}

export function peersView(root: HTMLElement, client: Client): () => void {
  const numbers = [4, 5, 6];
  const { table: shown, body } = table(
    "Devices that this node knows or sees nearby",
    ["Device", "State", "Addresses", "Trouble", "Round trip", "Sent", "Received", "Traffic"],
    numbers,
  );
  const none = h("p", { class: "faint", role: "status" });
  root.append(h("h2", {}, "Peers"), none, h("div", { class: "panel", tabindex: 0, role: "region", "aria-label": "Peers" }, shown));
  const traffic = new Map<string, Traffic>();
  const rows = new Rows<Peer>(
    body,
    (peer) => peer.device,
    () => cells(8, numbers),
    (row, peer) => {
      say(cell(row, 0), peer.name ? `${peer.name} (${short(peer.device)})` : short(peer.device), "mono");
      cell(row, 0).title = peer.user ? `${peer.device}, of user ${peer.user}` : peer.device;
      say(cell(row, 1), peer.state, peer.state === "live" ? "good" : peer.state === "banned" ? "bad" : "warn");
      say(cell(row, 2), peer.addresses.join(", "), "mono");
      say(cell(row, 3), peer.problem ?? "", "warn");
      say(cell(row, 4), peer.roundTrip === undefined ? "" : `${peer.roundTrip} ms`);
      say(cell(row, 5), bytes(peer.sentBytes));
      say(cell(row, 6), bytes(peer.receivedBytes));
      cell(row, 7).replaceChildren(spark(traffic.get(peer.device)?.rates() ?? []));
    },
  );
  const show = () => {
    const all = client.peers.get();
    say(none, all === undefined ? "Asking the node…" : all.length === 0 ? "It knows nobody yet, or has no network." : "");
    rows.show(all ?? []);
  };
  const read = () => {
    for (const peer of client.peers.get() ?? []) {
      const of = traffic.get(peer.device) ?? new Traffic();
      traffic.set(peer.device, of);
      of.note(performance.now(), peer.sentBytes + peer.receivedBytes);
    }
    show();
  };
  const stop = client.peers.subscribe(show);
  const timer = setInterval(read, 2000);
  read();
  return () => {
    clearInterval(timer);
    stop();
  };
}
