/** The hook for who else is in a document. */
import type { Presence } from "@tlfs/client";
import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { useClient } from "./provider.js";
import { registryOf } from "./registry.js";

export interface PresenceView {
  readonly others: readonly Presence[];
  /** What others see of us here; null: nothing. It is withdrawn when the component is unmounted. */
  set(this: void, value: unknown): void;
}

/** Others in a document, and what they see of us. */
export function usePresence(id: string): PresenceView {
  const registry = registryOf(useClient());
  const entry = useMemo(() => registry.anyEntry(id), [registry, id]);
  const others = useSyncExternalStore(entry.presence.subscribe, entry.presence.get, entry.presence.get);
  const mine = useRef<{ readonly value: unknown }>(undefined);
  useEffect(() => {
    // StrictMode mounts again what it has unmounted: what was set before is set again.
    if (mine.current) entry.document.setPresence(mine.current.value);
    return () => {
      if (mine.current) entry.document.setPresence(null);
    };
  }, [entry]);
  const set = useCallback(
    (value: unknown) => {
      mine.current = value === null ? undefined : { value };
      entry.document.setPresence(value);
    },
    [entry],
  );
  return useMemo(() => ({ others, set }), [others, set]);
}
