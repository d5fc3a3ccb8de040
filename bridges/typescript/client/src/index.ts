/** Live, offline-capable documents of a TLFS node. */
export { connect } from "./client.js";
export type {
  AccessOptions,
  Client,
  ConnectionState,
  ConnectOptions,
  Document,
  DocumentInfo,
  DocumentState,
  Explanation,
  GivenInvitation,
  HistoryEntry,
  Holder,
  Invitations,
  InviteOptions,
  Level,
  Offer,
  OpenOptions,
  Path,
  PathStep,
  Peer,
  Place,
  Presence,
  Principal,
  TransactOptions,
  WebSocketLike,
  Write,
} from "./api.js";
export { ClientErrc, TlfsError } from "./errors.js";
export type { ErrorKind } from "./errors.js";
export { draftAtPath, valueAtPath } from "./place.js";
export type { Readable } from "./readable.js";
export { defineSchema } from "./schema.js";
export type {
  Bytes,
  Counter,
  CounterDraft,
  Draft,
  Flag,
  Input,
  Int64,
  List,
  ListDraft,
  Primitive,
  Schema,
  Shape,
  Snapshot,
  Table,
  TableDraft,
  TableKey,
  Text,
  TextDraft,
  Untyped,
} from "./schema.js";
