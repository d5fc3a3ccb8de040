/** Where the others in a text are: their cursors and selections, through the document's presence. */
import { StateEffect, StateField, type Extension, type Range } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, WidgetType, type DecorationSet, type PluginValue, type ViewUpdate } from "@codemirror/view";
import type { Presence } from "@tlfs/client";
import { binding, type Binding } from "./binding.js";

/** Others that are shown at most, and the longest name. */
export const maxCursors = 50;
export const maxNameLength = 40;
/** The colours of others; a device has always the same. White text is readable on each (WCAG 2.2, 1.4.3: 4.5 to 1). */
export const colours = ["#2270bf", "#ad5a1f", "#178232", "#8e22c3", "#c3224b", "#167e75", "#7e6c16", "#c322a8"] as const;

interface Cursor {
  readonly name: string;
  readonly colour: number;
  readonly anchor: number;
  readonly head: number;
}

const setCursors = StateEffect.define<readonly Cursor[]>();

class CursorWidget extends WidgetType {
  readonly cursor: Cursor;
  constructor(cursor: Cursor) {
    super();
    this.cursor = cursor;
  }
  override eq(other: CursorWidget): boolean {
    return other.cursor.name === this.cursor.name && other.cursor.colour === this.cursor.colour;
  }
  override toDOM(): HTMLElement {
    const caret = document.createElement("span");
    caret.className = `tlfs-cursor tlfs-colour-${this.cursor.colour}`;
    caret.setAttribute("aria-hidden", "true");
    const name = document.createElement("span");
    name.className = "tlfs-cursor-name";
    name.textContent = this.cursor.name;
    caret.append(name);
    return caret;
  }
  override ignoreEvent(): boolean {
    return true;
  }
}

function decorations(cursors: readonly Cursor[], length: number): DecorationSet {
  const ranges: Range<Decoration>[] = [];
  for (const cursor of cursors) {
    const head = Math.min(cursor.head, length);
    const anchor = Math.min(cursor.anchor, length);
    if (head !== anchor)
      ranges.push(
        Decoration.mark({ class: `tlfs-selection tlfs-colour-${cursor.colour}` }).range(Math.min(head, anchor), Math.max(head, anchor)),
      );
    ranges.push(Decoration.widget({ widget: new CursorWidget(cursor), side: 1 }).range(head));
  }
  return Decoration.set(ranges, true);
}

const shown = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (value, transaction) => {
    for (const effect of transaction.effects)
      if (effect.is(setCursors)) return decorations(effect.value, transaction.newDoc.length);
    return transaction.docChanged ? value.map(transaction.changes) : value;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** What others see: merged into `show`, so that a page can say more than the cursor. */
export interface CursorOptions {
  /** Shown beside our cursor. */
  readonly name: string;
  /** Further fields of our presence. */
  readonly show?: Readonly<Record<string, unknown>>;
}

class Cursors implements PluginValue {
  readonly #view: EditorView;
  readonly #binding: Binding;
  readonly #options: CursorOptions;
  readonly #place: string;
  readonly #unsubscribe: () => void;
  #sent = "";
  #gone = false;

  constructor(view: EditorView, options: CursorOptions) {
    this.#view = view;
    this.#options = options;
    this.#binding = view.state.facet(binding) as Binding;
    this.#place = placeOf(this.#binding);
    this.#unsubscribe = this.#binding.document.presence.subscribe(() => this.#later());
    this.#later();
  }

  update(update: ViewUpdate): void {
    if (update.selectionSet || update.docChanged || update.focusChanged) this.#publish();
  }

  destroy(): void {
    this.#gone = true;
    this.#unsubscribe();
    if (this.#sent) this.#binding.document.setPresence(null);
  }

  /** Presence may change while the editor updates, which then takes no other change. */
  #later(): void {
    queueMicrotask(() => {
      if (this.#gone) return;
      const cursors = cursorsOf(this.#binding.document.presence.get(), this.#place);
      this.#view.dispatch({ effects: setCursors.of(cursors) });
    });
  }

  #publish(): void {
    const { anchor, head } = this.#view.state.selection.main;
    const { name, show } = this.#options;
    const value = { ...show, name, cursor: this.#view.hasFocus ? { place: this.#place, anchor, head } : null };
    const text = JSON.stringify(value);
    if (text === this.#sent) return;
    this.#sent = text;
    this.#binding.document.setPresence(value);
  }
}

function placeOf({ path }: Binding): string {
  return JSON.stringify(path, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}

/** Reads what others say of themselves, which may be anything. */
export function cursorsOf(presence: readonly Presence[], place: string): Cursor[] {
  const out: Cursor[] = [];
  for (const { device, value } of presence) {
    if (out.length >= maxCursors) break;
    const { name, cursor } = (typeof value === "object" && value !== null ? value : {}) as { name?: unknown; cursor?: unknown };
    if (typeof cursor !== "object" || cursor === null) continue;
    const { place: where, anchor, head } = cursor as { place?: unknown; anchor?: unknown; head?: unknown };
    if (where !== place || !isPosition(anchor) || !isPosition(head)) continue;
    out.push({ name: typeof name === "string" ? name.slice(0, maxNameLength) : "", colour: colourOf(device), anchor, head });
  }
  return out;
}

function isPosition(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The index in `colours` of the one that a device has. */
export function colourOf(device: string): number {
  let sum = 0;
  for (let at = 0; at < device.length; ++at) sum = (sum * 31 + device.charCodeAt(at)) % 65_521;
  return sum % colours.length;
}

const theme = EditorView.baseTheme({
  ".tlfs-cursor": { position: "relative", borderLeft: "2px solid var(--tlfs-colour)", marginLeft: "-1px", marginRight: "-1px" },
  ".tlfs-cursor-name": {
    position: "absolute",
    bottom: "100%",
    left: "-2px",
    padding: "0 4px",
    borderRadius: "3px 3px 3px 0",
    font: "600 11px/16px system-ui, sans-serif",
    whiteSpace: "nowrap",
    color: "white",
    backgroundColor: "var(--tlfs-colour)",
    pointerEvents: "none",
    zIndex: "10",
  },
  ".tlfs-cursor-name:empty": { display: "none" },
  ".tlfs-selection": { backgroundColor: "color-mix(in srgb, var(--tlfs-colour) 25%, transparent)" },
  ...Object.fromEntries(colours.map((colour, index) => [`.tlfs-colour-${index}`, { "--tlfs-colour": colour }])),
});

/** Shows the others' cursors, and ours to them. */
export function remoteCursors(options: CursorOptions): Extension {
  return [shown, theme, ViewPlugin.define((view) => new Cursors(view, options))];
}
