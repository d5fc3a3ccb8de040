/**
 * Keeps an editor and a text of a document equal.
 *
 * The binding remembers `known`: the document's text that the editor stands on. What the editor has beyond it, not told
 * to the document yet, is `unsent`. What the user types goes to the document at once when the document still has `known`;
 * otherwise both sides have moved, and each one's changes are mapped over the other's before they are carried across, as
 * operational transformation does. While an input method composes, changes of others wait: the browser owns that part of
 * the page then.
 */
import { Annotation, ChangeSet, EditorState, Facet, StateEffect, StateField, Transaction, type Extension } from "@codemirror/state";
import { EditorView, ViewPlugin, type PluginValue, type ViewUpdate } from "@codemirror/view";
import { draftAtPath, valueAtPath, type Document, type Path, type TextDraft, type Write } from "@tlfs/client";
import { difference } from "./difference.js";

export interface Binding {
  // The editor reads and splices one text; what else the document holds does not matter to it.
  readonly document: Document<unknown>;
  readonly path: Path;
  /** The undo stack that this editor's changes go to. */
  readonly origin: string;
  /** Told when the node refuses a change; what it refused is not shown any more then. */
  readonly onError: ((error: unknown) => void) | undefined;
}

/** What the extensions of this package share. */
export const binding = Facet.define<Binding, Binding | undefined>({ combine: (values) => values[0] });

/** Marks changes that come from the document. */
export const fromDocument = Annotation.define<boolean>();

const setWritable = StateEffect.define<boolean>();
const writable = StateField.define<boolean>({
  create: () => false,
  update: (value, transaction) => {
    for (const effect of transaction.effects) if (effect.is(setWritable)) return effect.value;
    return value;
  },
  provide: (field) => EditorState.readOnly.from(field, (value) => !value),
});

class TextBinding implements PluginValue {
  readonly #view: EditorView;
  readonly #binding: Binding;
  readonly #unsubscribe: () => void;
  /** Undefined until the document has a value. */
  #known: string | undefined;
  #unsent: ChangeSet | undefined;
  #waiting = false;
  #gone = false;
  /** The next change of the document is one that the user asked for by undo or redo. */
  #follow = false;

  constructor(view: EditorView) {
    this.#view = view;
    this.#binding = view.state.facet(binding) as Binding;
    this.#unsubscribe = this.#binding.document.subscribe(() => this.#later());
    this.#later();
  }

  update(update: ViewUpdate): void {
    if (!update.docChanged || this.#known === undefined) return;
    for (const transaction of update.transactions) {
      if (!transaction.docChanged || transaction.annotation(fromDocument)) continue;
      this.#unsent = this.#unsent ? this.#unsent.compose(transaction.changes) : transaction.changes;
    }
    if (!this.#unsent) return;
    if (this.#text() === this.#known) this.#send();
    else this.#later();
  }

  destroy(): void {
    this.#gone = true;
    this.#unsubscribe();
  }

  follow(): void {
    this.#follow = true;
  }

  /** Brings both sides together. Not to be called while the editor updates. */
  flush(): void {
    if (this.#gone) return;
    const state = this.#binding.document.get();
    const may = state.level === "write" || state.level === "control" || state.level === "own";
    const text = this.#text();
    const allowed = may && text !== undefined;
    if (this.#view.state.field(writable) !== allowed) this.#view.dispatch({ effects: setWritable.of(allowed) });
    if (text === undefined) return;
    if (this.#known === undefined) {
      // What stood in the editor before there was a document is not the user's.
      this.#known = this.#view.state.doc.toString();
      this.#unsent = undefined;
    }
    if (text !== this.#known) {
      if (this.#view.composing) return;
      const theirs = changes(this.#known, text);
      const ours = this.#unsent;
      this.#known = text;
      this.#unsent = ours?.map(theirs);
      this.#show(ours ? theirs.map(ours, true) : theirs);
    }
    if (this.#unsent) this.#send();
  }

  #text(): string | undefined {
    const { document, path } = this.#binding;
    const value = valueAtPath(document.get().data, path);
    return typeof value === "string" ? value : undefined;
  }

  #later(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    queueMicrotask(() => {
      this.#waiting = false;
      this.flush();
    });
  }

  /** The document has `known`: it is told of what was typed on top of that. */
  #send(): void {
    const { document, path, origin, onError } = this.#binding;
    const unsent = this.#unsent as ChangeSet;
    this.#unsent = undefined;
    const known = this.#known as string;
    try {
      // The document tells of its change before `transact` returns: then it must be known already.
      this.#known = applied(known, unsent);
      const write: Write = document.transact(
        (draft) => {
          const text = draftAtPath(draft, path) as TextDraft | undefined;
          if (!text) throw new RangeError(`there is no text at ${JSON.stringify(path)}`);
          unsent.iterChanges((fromA, toA, fromB, _toB, inserted) => text.splice(fromB, toA - fromA, inserted.sliceString(0)));
        },
        { origin },
      );
      write.wait().catch((error: unknown) => onError?.(error));
    } catch (error) {
      // What the document does not take is taken back in the editor: it is as if the document had undone it.
      onError?.(error);
    }
    if (this.#text() !== this.#known) this.#later();
  }

  #show(changes: ChangeSet): void {
    const follow = this.#follow;
    this.#follow = false;
    let end = -1;
    if (follow) changes.iterChanges((_fromA, _toA, _fromB, toB) => (end = toB));
    this.#view.dispatch({
      changes,
      annotations: [fromDocument.of(true), Transaction.remote.of(!follow), Transaction.addToHistory.of(false)],
      ...(end >= 0 ? { selection: { anchor: end }, scrollIntoView: true } : {}),
    });
  }
}

function changes(before: string, after: string): ChangeSet {
  return ChangeSet.of(
    difference(before, after).map(({ from, removed, text }) => ({ from, to: from + removed, insert: text })),
    before.length,
    "\n",
  );
}

function applied(text: string, changes: ChangeSet): string {
  let out = "";
  let at = 0;
  changes.iterChanges((from, to, _fromB, _toB, inserted) => {
    out += text.slice(at, from) + inserted.sliceString(0);
    at = to;
  });
  return out + text.slice(at);
}

export const plugin = ViewPlugin.fromClass(TextBinding, {
  eventObservers: {
    compositionend(_event, view) {
      // The editor takes what was composed after this event.
      setTimeout(() => view.plugin(plugin)?.flush());
    },
  },
});

/** The part of the extension that carries changes. A document's text has only "\n" as line break: "\r" is a character. */
export const textBinding: Extension = [writable, EditorState.lineSeparator.of("\n"), plugin];
