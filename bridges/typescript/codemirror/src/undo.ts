/**
 * Undo and redo through the document: what others have written meanwhile stays. The document takes back a whole
 * transaction, and every keystroke is one; here those that were typed in one go are taken back together.
 */
import { Prec, type Extension } from "@codemirror/state";
import { EditorView, keymap, ViewPlugin, type Command, type ViewUpdate } from "@codemirror/view";
import { binding, fromDocument, plugin } from "./binding.js";

/** A pause in typing from which on a new step begins, in milliseconds. */
export const stepPause = 500;
/** Steps that are remembered. */
export const maxSteps = 1_000;

class Steps {
  /** How many transactions each step is. */
  readonly #done: number[] = [];
  #undone: number[] = [];
  #last = 0;
  #end = -1;

  update(update: ViewUpdate): void {
    for (const transaction of update.transactions) {
      if (!transaction.docChanged) continue;
      if (transaction.annotation(fromDocument)) {
        this.#end = transaction.changes.mapPos(this.#end < 0 ? 0 : Math.min(this.#end, transaction.startState.doc.length));
        continue;
      }
      this.#undone = [];
      let start = -1;
      let end = -1;
      transaction.changes.iterChangedRanges((fromA, toA, _fromB, toB) => {
        if (start < 0) start = fromA === this.#end || toA === this.#end ? this.#end : fromA;
        end = toB;
      });
      const time = performance.now();
      const goesOn = start === this.#end && time - this.#last < stepPause && (transaction.isUserEvent("input.type") || transaction.isUserEvent("delete"));
      if (goesOn && this.#done.length > 0) this.#done[this.#done.length - 1] += 1;
      else this.#done.push(1);
      if (this.#done.length > maxSteps) this.#done.shift();
      this.#last = time;
      this.#end = end;
    }
  }

  /** How many transactions to take back; 0: there is nothing. */
  undo(): number {
    const count = this.#done.pop() ?? 0;
    if (count > 0) this.#undone.push(count);
    this.#end = -1;
    return count;
  }
  redo(): number {
    const count = this.#undone.pop() ?? 0;
    if (count > 0) this.#done.push(count);
    this.#end = -1;
    return count;
  }
}

const steps = ViewPlugin.fromClass(Steps);

function takeBack(view: EditorView, redo: boolean): boolean {
  const bound = view.state.facet(binding);
  const mine = view.plugin(steps);
  if (!bound || !mine || view.state.readOnly) return false;
  const count = redo ? mine.redo() : mine.undo();
  view.plugin(plugin)?.follow();
  for (let step = 0; step < count; ++step) {
    const options = { origin: bound.origin };
    const write = redo ? bound.document.redo(options) : bound.document.undo(options);
    write.wait().catch((error: unknown) => bound.onError?.(error));
  }
  // The key is ours also when there is nothing to undo.
  return true;
}

/** Takes back what was typed last in this editor. */
export const undo: Command = (view) => takeBack(view, false);
/** Does again what was taken back last. */
export const redo: Command = (view) => takeBack(view, true);

/** Remembers the steps and binds the usual keys. */
export const documentUndo: Extension = [
  steps,
  Prec.high(
    keymap.of([
      { key: "Mod-z", run: undo, preventDefault: true },
      { key: "Mod-y", mac: "Mod-Shift-z", run: redo, preventDefault: true },
      { linux: "Ctrl-Shift-z", run: redo, preventDefault: true },
    ]),
  ),
];
