/** React hooks for live documents of a TLFS node. */
export { useDocument, useSuspenseDocument } from "./document.js";
export type { DocumentView, SelectedView, SelectOptions } from "./document.js";
export { useKeys } from "./keys.js";
export { useConnection, useDocuments, useInvites, usePeers, useSuspenseDocuments, useSuspenseInvites, useSuspensePeers } from "./node.js";
export type { InviteActions } from "./node.js";
export { usePresence } from "./presence.js";
export type { PresenceView } from "./presence.js";
export { TlfsProvider, useClient } from "./provider.js";
export type { TlfsProviderProps } from "./provider.js";
export { graceAfterUse, graceBeforeUse } from "./registry.js";
export type { Actions, Place } from "./registry.js";
export { useSuspenseText, useText } from "./text.js";
export type { TextView } from "./text.js";
