/** Making and updating elements, without markup in strings. */

export type Child = Node | string | number | false | undefined | null;
type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>;

function fill(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  for (const child of children)
    if (child !== undefined && child !== null && child !== false) element.append(typeof child === "number" ? String(child) : child);
}

/** An element; attributes that are functions are listeners. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(element, attributes, children);
  return element;
}

/** Writes a text only where it differs, so that selections and screen readers are left in peace. */
export function say(element: Element, text: string, className?: string): void {
  if (element.textContent !== text) element.textContent = text;
  if (className !== undefined && element.className !== className) element.className = className;
}

/** Rows that come and go, each with cells that change: elements are kept by key, so focus and scrolling stay. */
export class Rows<T> {
  readonly #rows = new Map<string, HTMLTableRowElement>();

  constructor(
    private readonly body: HTMLElement,
    private readonly key: (item: T) => string,
    private readonly create: (item: T) => HTMLTableRowElement,
    private readonly update: (row: HTMLTableRowElement, item: T) => void,
  ) {}

  show(items: readonly T[]): void {
    const gone = new Set(this.#rows.keys());
    let at = this.body.firstElementChild;
    for (const item of items) {
      const key = this.key(item);
      gone.delete(key);
      let row = this.#rows.get(key);
      if (!row) this.#rows.set(key, (row = this.create(item)));
      this.update(row, item);
      if (row === at) at = at.nextElementSibling;
      else this.body.insertBefore(row, at);
    }
    for (const key of gone) {
      this.#rows.get(key)?.remove();
      this.#rows.delete(key);
    }
  }
}

/** A table with headings; `numbers` are the columns aligned to the right. */
export function table(caption: string, headings: readonly string[], numbers: readonly number[] = []): { table: HTMLTableElement; body: HTMLElement } {
  const body = h("tbody");
  const head = h("tr", {}, ...headings.map((text, i) => h("th", { scope: "col", class: numbers.includes(i) ? "number" : undefined }, text)));
  return { table: h("table", {}, h("caption", {}, caption), h("thead", {}, head), body), body };
}

export function cells(count: number, numbers: readonly number[] = []): HTMLTableRowElement {
  const row = h("tr");
  for (let i = 0; i < count; ++i) row.append(h("td", { class: numbers.includes(i) ? "number" : undefined }));
  return row;
}

export function cell(row: HTMLTableRowElement, index: number): HTMLTableCellElement {
  const found = row.cells[index];
  if (!found) throw new Error(`the row has no cell ${index}`);
  return found;
}

/** Calls `work` now and again and again, each time so long after it has ended; until the function returned is called. */
export function repeat(interval: number, work: () => Promise<void>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  const turn = async () => {
    try {
      await work();
    } finally {
      if (!stopped) timer = setTimeout(turn, interval);
    }
  };
  void turn();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

export const short = (hex: string): string => (hex.length > 12 ? `${hex.slice(0, 12)}…` : hex);

export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; count >= 1000 && unit < units.length - 1; ++unit) count /= 1000;
  return `${unit === 0 ? count : count.toFixed(1)} ${units[unit]}`;
}
