/** Says to screen readers what happened where nothing on the screen that has the focus says it. */
import { createContext, useCallback, useContext, useState, type ReactNode } from "react";

const Announce = createContext<(message: string) => void>(() => undefined);

export function Announcer({ children }: { children: ReactNode }) {
  const [message, setMessage] = useState("");
  // The same words twice are two messages: a space that nobody hears makes them differ.
  const announce = useCallback((next: string) => setMessage((last) => (last === next ? `${next}\u00a0` : next)), []);
  return (
    <Announce.Provider value={announce}>
      {children}
      <p className="unseen" role="status" aria-live="polite">
        {message}
      </p>
    </Announce.Provider>
  );
}

export function useAnnounce(): (message: string) => void {
  return useContext(Announce);
}
