/** Hooks for one text of a document. */
import { draftAtPath, valueAtPath, type Path, type TextDraft, type Untyped, type Write } from "@tlfs/client";
import { useMemo } from "react";
import { suspendUntilReady, useEntry, useView, type SelectedView } from "./document.js";
import type { Place } from "./registry.js";

/** A text and what is done to it. Positions count UTF-16 units. The functions stay the same. */
export interface TextView extends Pick<SelectedView<unknown, string>, "status" | "level" | "error" | "undo" | "redo"> {
  /** Undefined until there is a value, and where there is no text. */
  readonly text: string | undefined;
  /** Takes `removed` units away at `position` and puts `text` there. */
  splice(this: void, position: number, removed: number, text?: string): Write;
  /** Makes the text equal to `text`; only what differs is edited, so the edits of others stay. */
  replace(this: void, text: string): Write;
}

/** A text of a document, live. `path` may be a new array each time. */
export function useText<M = Untyped>(id: string, path: Path, options: Place<M> = {}): TextView {
  return useTextView(id, path, options, false);
}

/** Like `useText`, but suspends until the document has a value. */
export function useSuspenseText<M = Untyped>(id: string, path: Path, options: Place<M> = {}): TextView {
  return useTextView(id, path, options, true);
}

function useTextView<M>(id: string, path: Path, options: Place<M>, suspend: boolean): TextView {
  const entry = useEntry(id, options);
  const stable = useStablePath(path);
  const select = useMemo(
    () => (data: unknown) => {
      const value = valueAtPath(data, stable);
      return typeof value === "string" ? value : undefined;
    },
    [stable],
  );
  const view = useView(entry, select, undefined) as SelectedView<M, string | undefined>;
  if (suspend) suspendUntilReady(entry as never);
  const edits = useMemo(() => {
    const edit = (change: (text: TextDraft) => void): Write =>
      entry.actions.transact((draft) => {
        const text = draftAtPath(draft, stable);
        if (text === undefined) throw new RangeError(`there is no text at ${JSON.stringify(stable)}`);
        change(text as TextDraft);
      });
    return {
      splice: (position: number, removed: number, text = "") => edit((draft) => draft.splice(position, removed, text)),
      replace: (text: string) => edit((draft) => draft.replace(text)),
    };
  }, [entry, stable]);
  return useMemo(
    () => ({ text: view.data, status: view.status, level: view.level, error: view.error, undo: view.undo, redo: view.redo, ...edits }),
    [view, edits],
  );
}

/** The same array as long as the steps are the same. */
export function useStablePath(path: Path): Path {
  const key = JSON.stringify(path, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
  // The key says all that the path says.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  return useMemo(() => path, [key]);
}
