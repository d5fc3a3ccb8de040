/** Hooks for what is in a document. */
import type { DocumentState, Level, Snapshot, TlfsError, Untyped } from "@tlfs/client";
import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { useClient } from "./provider.js";
import { registryOf, type Actions, type Entry, type Place } from "./registry.js";

export interface SelectOptions<M, S> extends Place<M> {
  /** What the component is interested in; it renders only when that changes. `undefined` data is never passed on. */
  readonly select: (data: Snapshot<M>, state: DocumentState<M>) => S;
  /** Whether two selected values are the same to the component; `Object.is` when it is left out. */
  readonly isEqual?: (a: S, b: S) => boolean;
}

/** All of a document. Changes with every edit and every step of a write. */
export type DocumentView<M> = DocumentState<M> & Actions<M>;

/** What was selected, and what seldom changes. `version`, `sync` and `pending` can be selected. */
export interface SelectedView<M, S> extends Actions<M> {
  readonly status: DocumentState<M>["status"];
  readonly data: S;
  readonly level: Level;
  readonly error?: TlfsError;
}

/**
 * A document, live: its state and the functions to edit it, which stay the same.
 *
 * With `select` the component renders only when the selected value, the status, the level or the error change.
 */
export function useDocument<M, S>(id: string, options: SelectOptions<M, S>): SelectedView<M, S | undefined>;
export function useDocument<M = Untyped>(id: string, options?: Place<M>): DocumentView<M>;
export function useDocument<M, S>(
  id: string,
  options: Place<M> & Partial<SelectOptions<M, S>> = {},
): DocumentView<M> | SelectedView<M, S | undefined> {
  return useView(useEntry(id, options), options.select, options.isEqual);
}

/** Like `useDocument`, but suspends until there is a value, and throws the document's error when it cannot be opened. */
export function useSuspenseDocument<M, S>(id: string, options: SelectOptions<M, S>): SelectedView<M, S>;
export function useSuspenseDocument<M = Untyped>(
  id: string,
  options?: Place<M>,
): DocumentView<M> & { readonly data: Snapshot<M> };
export function useSuspenseDocument<M, S>(
  id: string,
  options: Place<M> & Partial<SelectOptions<M, S>> = {},
): (DocumentView<M> & { readonly data: Snapshot<M> }) | SelectedView<M, S> {
  const entry = useEntry(id, options);
  const view = useView(entry, options.select, options.isEqual);
  suspendUntilReady(entry);
  return view as SelectedView<M, S>;
}

/** The entry of a document, for this module's hooks and those of texts and presence. */
export function useEntry<M>(id: string, place: Place<M>): Entry<M> {
  return registryOf(useClient()).entry(id, place);
}

/** Throws what React waits for, or the error, while a document has no value. */
export function suspendUntilReady(entry: Entry<unknown> | Entry<never>): void {
  const state = entry.get();
  if (state.data !== undefined) return;
  if (state.status === "failed") throw state.error ?? new Error("the document cannot be opened");
  throw entry.ready();
}

export function useView<M, S>(
  entry: Entry<M>,
  select: ((data: Snapshot<M>, state: DocumentState<M>) => S) | undefined,
  isEqual: ((a: S, b: S) => boolean) | undefined,
): DocumentView<M> | SelectedView<M, S | undefined> {
  type View = DocumentView<M> | SelectedView<M, S | undefined>;
  // What is on the screen: a new function `select` that selects the same does not make the component's value a new one.
  const shown = useRef<{ readonly entry: Entry<M>; readonly view: View }>(undefined);
  const get = useMemo(() => {
    let last: { readonly state: DocumentState<M>; readonly view: View } | undefined;
    return (): View => {
      const state = entry.get();
      if (last && last.state === state) return last.view;
      const before = last?.view ?? (shown.current?.entry === entry ? shown.current.view : undefined);
      const view = select ? selected(entry, state, select, isEqual, before as SelectedView<M, S | undefined>) : whole(entry, state);
      last = { state, view };
      return view;
    };
  }, [entry, select, isEqual]);
  const view = useSyncExternalStore(entry.subscribe, get, get);
  useEffect(() => {
    shown.current = { entry, view };
  }, [entry, view]);
  return view;
}

function whole<M>(entry: Entry<M>, state: DocumentState<M>): DocumentView<M> {
  return { ...state, ...entry.actions };
}

function selected<M, S>(
  entry: Entry<M>,
  state: DocumentState<M>,
  select: (data: Snapshot<M>, state: DocumentState<M>) => S,
  isEqual: ((a: S, b: S) => boolean) | undefined,
  before: SelectedView<M, S | undefined> | undefined,
): SelectedView<M, S | undefined> {
  const { status, level, error } = state;
  let data = state.data === undefined ? undefined : select(state.data, state);
  if (before && data !== undefined && before.data !== undefined && (isEqual ?? Object.is)(before.data, data)) data = before.data;
  if (before && Object.is(before.data, data) && before.status === status && before.level === level && before.error === error)
    return before;
  return { status, data, level, error, ...entry.actions };
}
