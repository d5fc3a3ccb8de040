/** The client that a tree of components uses. */
import { connect, type Client, type ConnectOptions } from "@tlfs/client";
import { createContext, createElement, useContext, useEffect, useRef, useState, type ReactNode } from "react";

const ClientContext = createContext<Client | undefined>(undefined);

export interface TlfsProviderProps extends Omit<ConnectOptions, "client"> {
  /** A client that somebody else made and closes. Without it the provider connects with the other properties. */
  readonly client?: Client;
  /** Names this window: `ConnectOptions.client`. */
  readonly name?: string;
  /** Shown until the client is there; only where the provider makes it. */
  readonly fallback?: ReactNode;
  readonly children?: ReactNode;
}

/**
 * Gives all components below a client.
 *
 * Without `client` it connects when it is mounted, again when `url` or `token` change, and closes the client after it is
 * unmounted.
 */
export function TlfsProvider({ client, name, fallback = null, children, ...options }: TlfsProviderProps): ReactNode {
  const own = useOwnClient(client === undefined, { ...options, client: name });
  const used = client ?? own;
  if (!used) return fallback;
  return createElement(ClientContext.Provider, { value: used }, children);
}

/** The client of the provider above. */
export function useClient(): Client {
  const client = useContext(ClientContext);
  if (!client) throw new Error("no <TlfsProvider> above this component");
  return client;
}

interface Own {
  readonly key: string;
  readonly client: Client;
  closing: ReturnType<typeof setTimeout> | undefined;
}

function useOwnClient(wanted: boolean, options: ConnectOptions): Client | undefined {
  const [client, setClient] = useState<Client>();
  const own = useRef<Own>(undefined);
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const key = JSON.stringify([wanted, options.url?.toString(), options.token, options.client]);
  useEffect(() => {
    if (!wanted) return;
    // StrictMode unmounts and mounts again at once: the connection is kept for that long.
    const before = own.current;
    let mine: Own;
    if (before && before.key === key && before.closing !== undefined) {
      clearTimeout(before.closing);
      before.closing = undefined;
      mine = before;
    } else {
      mine = { key, client: connect(latest.current), closing: undefined };
      own.current = mine;
      setClient(mine.client);
    }
    return () => {
      mine.closing = setTimeout(() => {
        mine.client.close();
        if (own.current === mine) own.current = undefined;
      }, 0);
    };
  }, [wanted, key]);
  return wanted ? client : undefined;
}
