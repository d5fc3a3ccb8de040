/** Hooks for the node: its connection, documents, peers and invitations. */
import type { Client, ConnectionState, DocumentInfo, Invitations, Peer, Readable, Schema } from "@tlfs/client";
import { useMemo, useSyncExternalStore } from "react";
import { useClient } from "./provider.js";

/** How the client stands with its node. */
export function useConnection(): ConnectionState {
  return useReadable(useClient().connection);
}

/** The node's documents, or those of a schema's package; undefined until they are known. */
export function useDocuments<M>(schema?: Schema<M>): readonly DocumentInfo[] | undefined {
  return useOfPackage(useReadable(useClient().documents), schema?.package);
}
/** Like `useDocuments`, but suspends until they are known. */
export function useSuspenseDocuments<M>(schema?: Schema<M>): readonly DocumentInfo[] {
  return useOfPackage(useSuspenseReadable(useClient().documents), schema?.package);
}

/** Devices that the node knows; undefined until they are known. */
export function usePeers(): readonly Peer[] | undefined {
  return useReadable(useClient().peers);
}
/** Like `usePeers`, but suspends until they are known. */
export function useSuspensePeers(): readonly Peer[] {
  return useSuspenseReadable(useClient().peers);
}

/** What is done with invitations; see `Client`. The functions stay the same. */
export interface InviteActions {
  readonly invite: Client["invite"];
  readonly revoke: Client["revokeInvitation"];
  readonly join: Client["join"];
  readonly accept: Client["accept"];
  readonly decline: Client["decline"];
}

/** Invitations given and offered, undefined until they are known, and what is done with them. */
export function useInvites(): Partial<Invitations> & InviteActions {
  const client = useClient();
  const invitations = useReadable(client.invitations);
  return useMemo(() => ({ ...invitations, ...inviteActions(client) }), [client, invitations]);
}
/** Like `useInvites`, but suspends until they are known. */
export function useSuspenseInvites(): Invitations & InviteActions {
  const client = useClient();
  const invitations = useSuspenseReadable(client.invitations);
  return useMemo(() => ({ ...invitations, ...inviteActions(client) }), [client, invitations]);
}

const actions = new WeakMap<Client, InviteActions>();

function inviteActions(client: Client): InviteActions {
  let made = actions.get(client);
  if (!made) {
    made = {
      invite: (id, options) => client.invite(id, options),
      revoke: (id) => client.revokeInvitation(id),
      join: (link) => client.join(link),
      accept: (id) => client.accept(id),
      decline: (id) => client.decline(id),
    };
    actions.set(client, made);
  }
  return made;
}

function useReadable<T>(readable: Readable<T>): T {
  return useSyncExternalStore(readable.subscribe, readable.get, readable.get);
}

function useOfPackage(documents: readonly DocumentInfo[], name: string | undefined): readonly DocumentInfo[];
function useOfPackage(documents: readonly DocumentInfo[] | undefined, name: string | undefined): readonly DocumentInfo[] | undefined;
function useOfPackage(documents: readonly DocumentInfo[] | undefined, name: string | undefined) {
  return useMemo(
    () => (name === undefined ? documents : documents?.filter((document) => document.package === name)),
    [documents, name],
  );
}

/** Promises that resolve when something is known; the same one for all components that wait. */
const waits = new WeakMap<object, Promise<void>>();

function useSuspenseReadable<T>(readable: Readable<T | undefined>): T {
  const value = useReadable(readable);
  if (value !== undefined) return value;
  let wait = waits.get(readable);
  if (!wait) {
    wait = new Promise<void>((resolve) => {
      const done = () => {
        if (readable.get() === undefined) return;
        waits.delete(readable);
        end();
        resolve();
      };
      const end = readable.subscribe(done);
    });
    waits.set(readable, wait);
  }
  throw wait;
}
