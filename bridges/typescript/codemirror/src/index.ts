/** Binds a CodeMirror 6 editor to a text of a TLFS document. */
import type { Extension } from "@codemirror/state";
import type { Document, Path } from "@tlfs/client";
import { binding, textBinding } from "./binding.js";
import { remoteCursors, type CursorOptions } from "./cursors.js";
import { documentUndo } from "./undo.js";

export { colourOf } from "./cursors.js";
export type { CursorOptions } from "./cursors.js";
export { redo, undo } from "./undo.js";

export interface TlfsTextOptions {
  /** Shows the others' cursors, and ours to them; without it there are none. */
  readonly cursors?: CursorOptions;
  /** The undo stack; without it one of this editor's own, which begins empty. */
  readonly origin?: string;
  /** Told when the node refuses a change. The editor does not show it any more then. */
  readonly onError?: (error: unknown) => void;
}

/**
 * An editor with this extension shows the text at `path`, live: what is typed goes to the document, and what others write
 * appears with the cursor staying where it is. Undo and redo are the document's; leave CodeMirror's `history` out.
 *
 * The editor can be written in once the document has a value and this device may write. The document must be held as long
 * as the editor lives.
 */
export function tlfsText<M>(document: Document<M>, path: Path, options: TlfsTextOptions = {}): Extension {
  const origin = options.origin ?? `editor-${Math.random().toString(36).slice(2)}`;
  return [
    binding.of({ document: document as unknown as Document<unknown>, path, origin, onError: options.onError }),
    textBinding,
    documentUndo,
    options.cursors ? remoteCursors(options.cursors) : [],
  ];
}
