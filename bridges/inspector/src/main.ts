/** The inspector: looks into the node that serves this page, and changes nothing there. */
import { connect } from "@tlfs/client";

import { h, say, short } from "./dom.js";
import { documentsView, documentView } from "./document_view.js";
import { peersView } from "./peers_view.js";
import { storeView } from "./store_view.js";
import { treeView } from "./tree_view.js";

const client = connect();

type View = (root: HTMLElement) => () => void;
const views: readonly { readonly path: string; readonly name: string; readonly show: View }[] = [
  { path: "tree", name: "Tree", show: (root) => treeView(root, client) },
  { path: "documents", name: "Documents", show: (root) => documentsView(root, client) },
  { path: "peers", name: "Peers", show: (root) => peersView(root, client) },
  { path: "store", name: "Store", show: (root) => storeView(root, client) },
];

function need(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

const links = views.map((view) => h("a", { href: `#/${view.path}` }, view.name));
need("views").append(h("ul", {}, ...links.map((link) => h("li", {}, link))));

const place = need("view");
let leave: () => void = () => undefined;
function go(moveFocus: boolean): void {
  const [path = "", rest] = location.hash.replace(/^#\/?/, "").split("/");
  if (path === "view") return;
  const found = views.find((view) => view.path === path) ?? views[0];
  leave();
  place.replaceChildren();
  links.forEach((link, i) => {
    if (views[i] === found) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  const id = found?.path === "documents" && rest !== undefined && /^[0-9a-f]{64}$/.test(rest) ? rest : undefined;
  leave = id ? documentView(place, client, id) : (found?.show(place) ?? leave);
  document.title = `${found?.name ?? ""} – TLFS inspector`;
  if (moveFocus) place.focus();
}
addEventListener("hashchange", () => go(true));
go(false);

const connection = need("connection");
const tell = () => {
  const now = client.connection.get();
  const what = now.device ? `${now.status}: ${short(now.device)}` : now.status;
  say(connection, now.error ? `${what}; ${now.error.message}` : what, now.status === "online" ? "good" : "warn");
};
client.connection.subscribe(tell);
tell();
