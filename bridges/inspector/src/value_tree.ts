/** A document's value as a tree that opens; what lies in a closed part is not made. */
import { h } from "./dom.js";

/** At most so many members of one part at once; the rest comes on demand. */
export const pageSize = 200;

type Members = readonly (readonly [name: string, value: unknown])[];

function members(value: unknown): Members | undefined {
  if (Array.isArray(value)) return value.map((item, i) => [`[${i}]`, item] as const);
  if (value instanceof Map) return [...value].map(([key, item]) => [typeof key === "string" ? `["${key}"]` : `{${String(key)}}`, item] as const);
  if (value instanceof Uint8Array || value === null || typeof value !== "object") return undefined;
  return Object.entries(value).map(([name, item]) => [`.${name}`, item] as const);
}

function leaf(value: unknown): HTMLElement {
  if (typeof value === "string") return h("span", { class: "text" }, JSON.stringify(value));
  if (value instanceof Uint8Array) return h("span", { class: "plain" }, `${value.length} bytes`);
  return h("span", { class: "plain" }, value === undefined ? "nothing" : String(value));
}

function part(name: string, value: unknown, opened: Set<string>, conflicted: (path: string) => number, path: string): HTMLElement {
  const inside = members(value);
  const conflicts = conflicted(path);
  const badge = conflicts > 1 && h("span", { class: "badge warn" }, `${conflicts} concurrent values`);
  if (!inside) return h("div", { class: "leaf" }, name, name && ": ", leaf(value), " ", badge);
  const kind = Array.isArray(value) ? "elements" : value instanceof Map ? "rows" : "fields";
  const box = h("details", {}, h("summary", {}, `${name || "."} `, h("span", { class: "faint" }, `${inside.length} ${kind}`), " ", badge));
  let made = 0;
  const more = () => {
    for (const [child, item] of inside.slice(made, made + pageSize)) box.append(part(child, item, opened, conflicted, path + child));
    made = Math.min(inside.length, made + pageSize);
    if (made >= inside.length) return;
    const rest = h("button", { type: "button" }, `${inside.length - made} more`);
    rest.addEventListener("click", () => {
      rest.remove();
      more();
    });
    box.append(rest);
  };
  const begin = () => {
    if (box.open) opened.add(path);
    else opened.delete(path);
    if (box.open && made === 0) more();
  };
  box.open = opened.has(path);
  begin();
  box.addEventListener("toggle", begin);
  return box;
}

/**
 * @param opened paths of the parts that are open, as `.tasks[0]`; kept up to date, so that the next tree opens alike.
 * @param conflicted how many concurrent values stand at a place.
 */
export function valueTree(value: unknown, opened: Set<string>, conflicted: (path: string) => number = () => 0): HTMLElement {
  return h("div", { class: "value" }, part("", value, opened, conflicted, ""));
}
