/** How this person wants to be called: kept by the browser, the same in all parts of the page. */
import { useSyncExternalStore } from "react";

const key = "tlfs.name";
const listeners = new Set<() => void>();

function get(): string {
  return localStorage.getItem(key) ?? "";
}
function set(name: string): void {
  localStorage.setItem(key, name);
  for (const listener of listeners) listener();
}
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function useMyName(): readonly [string, (name: string) => void] {
  return [useSyncExternalStore(subscribe, get), set];
}
