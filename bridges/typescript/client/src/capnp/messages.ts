// Made by tools/capnp_layouts.mjs from schema/messages/bridge.capnp; not to be edited.
/** The messages of the bridge: their types, and where their fields lie. */
import type { Enums, Layouts } from "./layout.js";

export type FailureKind = "input" | "usage" | "denied" | "unavailable";
export type State = "offline" | "syncing" | "synced";
export type BridgeRequest = { number: number; } & (
  | { which: "open"; open: Open; }
  | { which: "pull"; pull: Pull; }
  | { which: "close"; close: number; }
  | { which: "write"; write: Write; }
  | { which: "takeBack"; takeBack: TakeBack; }
  | { which: "setPresence"; setPresence: SetPresence; }
  | { which: "control"; control: ControlRequest; }
  | { which: "schema"; schema: string; }
);
export interface Open { document: string; path: string; version: string; client: number; presence: boolean; }
export interface Pull { subscription: number; have?: number | undefined; }
export interface Write { document: string; client: number; number: number; onRevision?: number | undefined; edits: Uint8Array; origin: string; label: string; }
export interface TakeBack { document: string; client: number; number: number; origin: string; redo: boolean; }
export interface SetPresence { document: string; json: Uint8Array; }
export type ControlRequest = { number: number; } & (
  | { which: "identity"; }
  | { which: "listDocuments"; }
  | { which: "create"; create: CreateDocument; }
  | { which: "get"; get: GetValue; }
  | { which: "set"; set: SetValue; }
  | { which: "patch"; patch: ApplyPatch; }
  | { which: "remove"; remove: Place; }
  | { which: "history"; history: GetHistory; }
  | { which: "deleteDocument"; deleteDocument: string; }
  | { which: "status"; status: string; }
  | { which: "watch"; watch: Place; }
  | { which: "unwatch"; unwatch: number; }
  | { which: "grant"; grant: ChangeAccess; }
  | { which: "revoke"; revoke: ChangeAccess; }
  | { which: "explain"; explain: ChangeAccess; }
  | { which: "nodeTree"; }
  | { which: "nodeMetrics"; }
  | { which: "introduction"; }
  | { which: "learn"; learn: readonly Uint8Array[]; }
  | { which: "listPeople"; }
  | { which: "peers"; }
  | { which: "connect"; connect: string; }
  | { which: "invite"; invite: GiveInvitation; }
  | { which: "revokeInvitation"; revokeInvitation: string; }
  | { which: "join"; join: string; }
  | { which: "listInvitations"; }
  | { which: "decideOffer"; decideOffer: DecideOffer; }
  | { which: "syncStatus"; }
  | { which: "listHolders"; listHolders: Place; }
  | { which: "presence"; presence: AskPresence; }
);
export interface CreateDocument { package: Uint8Array; version: string; name: string; }
export interface GetValue { place: Place; version: readonly string[]; }
export interface Place { document: string; path: string; }
export interface SetValue { place: Place; json: string; }
export interface ApplyPatch { document: string; json: string; }
export interface GetHistory { document: string; limit: number; }
export interface ChangeAccess { place: Place; principal: string; level: string; keep: string; }
export interface GiveInvitation { place: Place; level: string; expiresInSeconds: number; uses: number; }
export interface DecideOffer { document: string; accept: boolean; }
export interface AskPresence { document: string; set: string; clear: boolean; watch: boolean; }
export type BridgeMessage = { number: number; } & (
  | { which: "failed"; failed: Failure; }
  | { which: "done"; }
  | { which: "opened"; opened: Opened; }
  | { which: "patches"; patches: Patches; }
  | { which: "value"; value: Value; }
  | { which: "written"; written: Written; }
  | { which: "control"; control: ControlReply; }
  | { which: "schema"; schema: Uint8Array; }
  | { which: "changed"; changed: Changed; }
  | { which: "ended"; ended: Ended; }
  | { which: "sync"; sync: Sync; }
  | { which: "presence"; presence: Presence; }
  | { which: "hello"; hello: Hello; }
  | { which: "level"; level: LevelNow; }
);
export interface Failure { kind: FailureKind; module: string; code: number; message: string; }
export interface Opened { subscription: number; revision: number; level: string; }
export interface Patches { from: number; to: number; durable: number; written: number; patches: Uint8Array; }
export interface Value { revision: number; durable: number; written: number; json: Uint8Array; conflicts: Uint8Array; }
export interface Written { revision: number; repeated: boolean; }
export type ControlReply = { number: number; } & (
  | { which: "failed"; failed: Failure; }
  | { which: "done"; }
  | { which: "identity"; identity: Identity; }
  | { which: "documents"; documents: readonly DocumentLine[]; }
  | { which: "created"; created: Uint8Array; }
  | { which: "value"; value: string; }
  | { which: "committed"; committed: WriteDone; }
  | { which: "history"; history: readonly ChangeLine[]; }
  | { which: "status"; status: StatusLine; }
  | { which: "updated"; updated: Updated; }
  | { which: "explained"; explained: Explanation; }
  | { which: "tree"; tree: string; }
  | { which: "metrics"; metrics: string; }
  | { which: "introduction"; introduction: readonly Uint8Array[]; }
  | { which: "people"; people: readonly Uint8Array[]; }
  | { which: "peers"; peers: readonly PeerLine[]; }
  | { which: "connected"; connected: Uint8Array; }
  | { which: "link"; link: string; }
  | { which: "joined"; joined: Uint8Array; }
  | { which: "invitations"; invitations: InvitationLines; }
  | { which: "sync"; sync: readonly SyncLine[]; }
  | { which: "holders"; holders: readonly HolderLine[]; }
  | { which: "presences"; presences: readonly PresenceLine[]; }
);
export interface Identity { device: Uint8Array; user: Uint8Array; }
export interface DocumentLine { id: Uint8Array; name: string; package: string; version: string; createdMs: number; }
export interface WriteDone { revision: number; patch: string; }
export interface ChangeLine { hash: Uint8Array; device: Uint8Array; incarnation: number; seq: number; operations: number; timed: boolean; timeMs: number; label: string; parents: readonly Uint8Array[]; }
export interface StatusLine { id: Uint8Array; revision: number; durable: number; diskError: string; changes: number; waiting: number; unreadable: number; subscriptions: number; withheld: readonly string[]; lost: readonly string[]; }
export interface Updated { from: number; to: number; durable: number; patch: string; snapshot: boolean; }
export interface Explanation { allowed: boolean; level: string; sentence: string; }
export interface PeerLine { device: Uint8Array; user: Uint8Array; state: string; addresses: readonly string[]; problem: string; sentBytes: number; receivedBytes: number; measured: boolean; roundTripMs: number; name: string; }
export interface InvitationLines { given: readonly GivenLine[]; pending: readonly OfferLine[]; }
export interface GivenLine { id: Uint8Array; document: Uint8Array; name: string; path: string; level: string; state: string; usesLeft: number; expires: number; }
export interface OfferLine { document: Uint8Array; from: Uint8Array; name: string; package: string; }
export interface SyncLine { document: Uint8Array; peer: Uint8Array; state: string; }
export interface HolderLine { principal: string; level: string; }
export interface PresenceLine { device: Uint8Array; user: Uint8Array; json: string; ageMs: number; own: boolean; }
export interface Changed { subscription: number; revision: number; }
export interface Ended { subscription: number; why: Failure; }
export interface Sync { document: string; state: State; }
export interface Presence { document: string; others: Uint8Array; }
export interface Hello { protocol: number; device: Uint8Array; user: Uint8Array; maxFrameBytes: number; maxSubscriptions: number; }
export interface LevelNow { subscription: number; level: string; }

export const layouts: Layouts = {
  BridgeRequest: {
    words: 3, pointers: 1, tag: 4,
    fields: {
      number: { kind: "u64", at: 0 },
      open: { kind: "struct", at: 0, of: "Open", tag: 0 },
      pull: { kind: "struct", at: 0, of: "Pull", tag: 1 },
      close: { kind: "u64", at: 2, tag: 2 },
      write: { kind: "struct", at: 0, of: "Write", tag: 3 },
      takeBack: { kind: "struct", at: 0, of: "TakeBack", tag: 4 },
      setPresence: { kind: "struct", at: 0, of: "SetPresence", tag: 5 },
      control: { kind: "struct", at: 0, of: "ControlRequest", tag: 6 },
      schema: { kind: "text", at: 0, tag: 7 },
    },
  },
  Open: {
    words: 2, pointers: 3, tag: undefined,
    fields: {
      document: { kind: "text", at: 0 },
      path: { kind: "text", at: 1 },
      version: { kind: "text", at: 2 },
      client: { kind: "u64", at: 0 },
      presence: { kind: "bool", at: 64 },
    },
  },
  Pull: {
    words: 2, pointers: 0, tag: undefined,
    fields: {
      subscription: { kind: "u64", at: 0 },
      have: { kind: "optional64", at: 1 },
    },
  },
  Write: {
    words: 3, pointers: 4, tag: undefined,
    fields: {
      document: { kind: "text", at: 0 },
      client: { kind: "u64", at: 0 },
      number: { kind: "u64", at: 1 },
      onRevision: { kind: "optional64", at: 2 },
      edits: { kind: "data", at: 1 },
      origin: { kind: "text", at: 2 },
      label: { kind: "text", at: 3 },
    },
  },
  TakeBack: {
    words: 3, pointers: 2, tag: undefined,
    fields: {
      document: { kind: "text", at: 0 },
      client: { kind: "u64", at: 0 },
      number: { kind: "u64", at: 1 },
      origin: { kind: "text", at: 1 },
      redo: { kind: "bool", at: 128 },
    },
  },
  SetPresence: {
    words: 0, pointers: 2, tag: undefined,
    fields: {
      document: { kind: "text", at: 0 },
      json: { kind: "data", at: 1 },
    },
  },
  ControlRequest: {
    words: 3, pointers: 1, tag: 4,
    fields: {
      number: { kind: "u64", at: 0 },
      identity: { kind: "void", at: 0, tag: 0 },
      listDocuments: { kind: "void", at: 0, tag: 1 },
      create: { kind: "struct", at: 0, of: "CreateDocument", tag: 2 },
      get: { kind: "struct", at: 0, of: "GetValue", tag: 3 },
      set: { kind: "struct", at: 0, of: "SetValue", tag: 4 },
      patch: { kind: "struct", at: 0, of: "ApplyPatch", tag: 5 },
      remove: { kind: "struct", at: 0, of: "Place", tag: 6 },
      history: { kind: "struct", at: 0, of: "GetHistory", tag: 7 },
      deleteDocument: { kind: "text", at: 0, tag: 8 },
      status: { kind: "text", at: 0, tag: 9 },
      watch: { kind: "struct", at: 0, of: "Place", tag: 10 },
      unwatch: { kind: "u64", at: 2, tag: 11 },
      grant: { kind: "struct", at: 0, of: "ChangeAccess", tag: 12 },
      revoke: { kind: "struct", at: 0, of: "ChangeAccess", tag: 13 },
      explain: { kind: "struct", at: 0, of: "ChangeAccess", tag: 14 },
      nodeTree: { kind: "void", at: 0, tag: 15 },
      nodeMetrics: { kind: "void", at: 0, tag: 16 },
      introduction: { kind: "void", at: 0, tag: 17 },
      learn: { kind: "datas", at: 0, tag: 18 },
      listPeople: { kind: "void", at: 0, tag: 19 },
      peers: { kind: "void", at: 0, tag: 20 },
      connect: { kind: "text", at: 0, tag: 21 },
      invite: { kind: "struct", at: 0, of: "GiveInvitation", tag: 22 },
      revokeInvitation: { kind: "text", at: 0, tag: 23 },
      join: { kind: "text", at: 0, tag: 24 },
      listInvitations: { kind: "void", at: 0, tag: 25 },
      decideOffer: { kind: "struct", at: 0, of: "DecideOffer", tag: 26 },
      syncStatus: { kind: "void", at: 0, tag: 27 },
      listHolders: { kind: "struct", at: 0, of: "Place", tag: 28 },
      presence: { kind: "struct", at: 0, of: "AskPresence", tag: 29 },
    },
  },
  CreateDocument: {
    words: 0, pointers: 3, tag: undefined,
    fields: {
      package: { kind: "data", at: 0 },
      version: { kind: "text", at: 1 },
      name: { kind: "text", at: 2 },
    },
  },
  GetValue: {
    words: 0, pointers: 2, tag: undefined,
    fields: {
      place: { kind: "struct", at: 0, of: "Place" },
      version: { kind: "texts", at: 1 },
    },
  },
  Place: {
    words: 0, pointers: 2, tag: undefined,
    fields: {
      document: { kind: "text", at: 0 },
      path: { kind: "text", at: 1 },
    },
  },
  SetValue: {
    words: 0, pointers: 2, tag: undefined,
    fields: {
      place: { kind: "struct", at: 0, of: "Place" },
      json: { kind: "text", at: 1 },
    },
  },
  ApplyPatch: {
    words: 0, pointers: 2, tag: undefined,
    fields: {
      document: { kind: "text", at: 0 },
      json: { kind: "text", at: 1 },
    },
  },
  GetHistory: {
    words: 1, pointers: 1, tag: undefined,
    fields: {
      document: { kind: "text", at: 0 },
      limit: { kind: "u32", at: 0 },
    },
  },
  ChangeAccess: {
    words: 0, pointers: 4, tag: undefined,
    fields: {
      place: { kind: "struct", at: 0, of: "Place" },
      principal: { kind: "text", at: 1 },
      level: { kind: "text", at: 2 },
      keep: { kind: "text", at: 3 },
    },
  },
  GiveInvitation: {
    words: 1, pointers: 2, tag: undefined,
    fields: {
      place: { kind: "struct", at: 0, of: "Place" },
      level: { kind: "text", at: 1 },
      expiresInSeconds: { kind: "u32", at: 0 },
      uses: { kind: "u32", at: 1 },
    },
  },
  DecideOffer: {
    words: 1, pointers: 1, tag: undefined,
    fields: {
      document: { kind: "text", at: 0 },
      accept: { kind: "bool", at: 0 },
    },
  },
  AskPresence: {
    words: 1, pointers: 2, tag: undefined,
    fields: {
      document: { kind: "text", at: 0 },
      set: { kind: "text", at: 1 },
      clear: { kind: "bool", at: 0 },
      watch: { kind: "bool", at: 1 },
    },
  },
  BridgeMessage: {
    words: 2, pointers: 1, tag: 4,
    fields: {
      number: { kind: "u64", at: 0 },
      failed: { kind: "struct", at: 0, of: "Failure", tag: 0 },
      done: { kind: "void", at: 0, tag: 1 },
      opened: { kind: "struct", at: 0, of: "Opened", tag: 2 },
      patches: { kind: "struct", at: 0, of: "Patches", tag: 3 },
      value: { kind: "struct", at: 0, of: "Value", tag: 4 },
      written: { kind: "struct", at: 0, of: "Written", tag: 5 },
      control: { kind: "struct", at: 0, of: "ControlReply", tag: 6 },
      schema: { kind: "data", at: 0, tag: 7 },
      changed: { kind: "struct", at: 0, of: "Changed", tag: 8 },
      ended: { kind: "struct", at: 0, of: "Ended", tag: 9 },
      sync: { kind: "struct", at: 0, of: "Sync", tag: 10 },
      presence: { kind: "struct", at: 0, of: "Presence", tag: 11 },
      hello: { kind: "struct", at: 0, of: "Hello", tag: 12 },
      level: { kind: "struct", at: 0, of: "LevelNow", tag: 13 },
    },
  },
  Failure: {
    words: 1, pointers: 2, tag: undefined,
    fields: {
      kind: { kind: "enum", at: 0, of: "FailureKind" },
      module: { kind: "text", at: 0 },
      code: { kind: "i32", at: 1 },
      message: { kind: "text", at: 1 },
    },
  },
  Opened: {
    words: 2, pointers: 1, tag: undefined,
    fields: {
      subscription: { kind: "u64", at: 0 },
      revision: { kind: "u64", at: 1 },
      level: { kind: "text", at: 0 },
    },
  },
  Patches: {
    words: 4, pointers: 1, tag: undefined,
    fields: {
      from: { kind: "u64", at: 0 },
      to: { kind: "u64", at: 1 },
      durable: { kind: "u64", at: 2 },
      written: { kind: "u64", at: 3 },
      patches: { kind: "data", at: 0 },
    },
  },
  Value: {
    words: 3, pointers: 2, tag: undefined,
    fields: {
      revision: { kind: "u64", at: 0 },
      durable: { kind: "u64", at: 1 },
      written: { kind: "u64", at: 2 },
      json: { kind: "data", at: 0 },
      conflicts: { kind: "data", at: 1 },
    },
  },
  Written: {
    words: 2, pointers: 0, tag: undefined,
    fields: {
      revision: { kind: "u64", at: 0 },
      repeated: { kind: "bool", at: 64 },
    },
  },
  ControlReply: {
    words: 2, pointers: 1, tag: 4,
    fields: {
      number: { kind: "u64", at: 0 },
      failed: { kind: "struct", at: 0, of: "Failure", tag: 0 },
      done: { kind: "void", at: 0, tag: 1 },
      identity: { kind: "struct", at: 0, of: "Identity", tag: 2 },
      documents: { kind: "structs", at: 0, of: "DocumentLine", tag: 3 },
      created: { kind: "data", at: 0, tag: 4 },
      value: { kind: "text", at: 0, tag: 5 },
      committed: { kind: "struct", at: 0, of: "WriteDone", tag: 6 },
      history: { kind: "structs", at: 0, of: "ChangeLine", tag: 7 },
      status: { kind: "struct", at: 0, of: "StatusLine", tag: 8 },
      updated: { kind: "struct", at: 0, of: "Updated", tag: 9 },
      explained: { kind: "struct", at: 0, of: "Explanation", tag: 10 },
      tree: { kind: "text", at: 0, tag: 11 },
      metrics: { kind: "text", at: 0, tag: 12 },
      introduction: { kind: "datas", at: 0, tag: 13 },
      people: { kind: "datas", at: 0, tag: 14 },
      peers: { kind: "structs", at: 0, of: "PeerLine", tag: 15 },
      connected: { kind: "data", at: 0, tag: 16 },
      link: { kind: "text", at: 0, tag: 17 },
      joined: { kind: "data", at: 0, tag: 18 },
      invitations: { kind: "struct", at: 0, of: "InvitationLines", tag: 19 },
      sync: { kind: "structs", at: 0, of: "SyncLine", tag: 20 },
      holders: { kind: "structs", at: 0, of: "HolderLine", tag: 21 },
      presences: { kind: "structs", at: 0, of: "PresenceLine", tag: 22 },
    },
  },
  Identity: {
    words: 0, pointers: 2, tag: undefined,
    fields: {
      device: { kind: "data", at: 0 },
      user: { kind: "data", at: 1 },
    },
  },
  DocumentLine: {
    words: 1, pointers: 4, tag: undefined,
    fields: {
      id: { kind: "data", at: 0 },
      name: { kind: "text", at: 1 },
      package: { kind: "text", at: 2 },
      version: { kind: "text", at: 3 },
      createdMs: { kind: "i64", at: 0 },
    },
  },
  WriteDone: {
    words: 1, pointers: 1, tag: undefined,
    fields: {
      revision: { kind: "u64", at: 0 },
      patch: { kind: "text", at: 0 },
    },
  },
  ChangeLine: {
    words: 5, pointers: 4, tag: undefined,
    fields: {
      hash: { kind: "data", at: 0 },
      device: { kind: "data", at: 1 },
      incarnation: { kind: "u64", at: 0 },
      seq: { kind: "u64", at: 1 },
      operations: { kind: "u64", at: 2 },
      timed: { kind: "bool", at: 192 },
      timeMs: { kind: "i64", at: 4 },
      label: { kind: "text", at: 2 },
      parents: { kind: "datas", at: 3 },
    },
  },
  StatusLine: {
    words: 6, pointers: 4, tag: undefined,
    fields: {
      id: { kind: "data", at: 0 },
      revision: { kind: "u64", at: 0 },
      durable: { kind: "u64", at: 1 },
      diskError: { kind: "text", at: 1 },
      changes: { kind: "u64", at: 2 },
      waiting: { kind: "u64", at: 3 },
      unreadable: { kind: "u64", at: 4 },
      subscriptions: { kind: "u64", at: 5 },
      withheld: { kind: "texts", at: 2 },
      lost: { kind: "texts", at: 3 },
    },
  },
  Updated: {
    words: 4, pointers: 1, tag: undefined,
    fields: {
      from: { kind: "u64", at: 0 },
      to: { kind: "u64", at: 1 },
      durable: { kind: "u64", at: 2 },
      patch: { kind: "text", at: 0 },
      snapshot: { kind: "bool", at: 192 },
    },
  },
  Explanation: {
    words: 1, pointers: 2, tag: undefined,
    fields: {
      allowed: { kind: "bool", at: 0 },
      level: { kind: "text", at: 0 },
      sentence: { kind: "text", at: 1 },
    },
  },
  PeerLine: {
    words: 4, pointers: 6, tag: undefined,
    fields: {
      device: { kind: "data", at: 0 },
      user: { kind: "data", at: 1 },
      state: { kind: "text", at: 2 },
      addresses: { kind: "texts", at: 3 },
      problem: { kind: "text", at: 4 },
      sentBytes: { kind: "u64", at: 0 },
      receivedBytes: { kind: "u64", at: 1 },
      measured: { kind: "bool", at: 128 },
      roundTripMs: { kind: "u64", at: 3 },
      name: { kind: "text", at: 5 },
    },
  },
  InvitationLines: {
    words: 0, pointers: 2, tag: undefined,
    fields: {
      given: { kind: "structs", at: 0, of: "GivenLine" },
      pending: { kind: "structs", at: 1, of: "OfferLine" },
    },
  },
  GivenLine: {
    words: 2, pointers: 6, tag: undefined,
    fields: {
      id: { kind: "data", at: 0 },
      document: { kind: "data", at: 1 },
      name: { kind: "text", at: 2 },
      path: { kind: "text", at: 3 },
      level: { kind: "text", at: 4 },
      state: { kind: "text", at: 5 },
      usesLeft: { kind: "u32", at: 0 },
      expires: { kind: "i64", at: 1 },
    },
  },
  OfferLine: {
    words: 0, pointers: 4, tag: undefined,
    fields: {
      document: { kind: "data", at: 0 },
      from: { kind: "data", at: 1 },
      name: { kind: "text", at: 2 },
      package: { kind: "text", at: 3 },
    },
  },
  SyncLine: {
    words: 0, pointers: 3, tag: undefined,
    fields: {
      document: { kind: "data", at: 0 },
      peer: { kind: "data", at: 1 },
      state: { kind: "text", at: 2 },
    },
  },
  HolderLine: {
    words: 0, pointers: 2, tag: undefined,
    fields: {
      principal: { kind: "text", at: 0 },
      level: { kind: "text", at: 1 },
    },
  },
  PresenceLine: {
    words: 2, pointers: 3, tag: undefined,
    fields: {
      device: { kind: "data", at: 0 },
      user: { kind: "data", at: 1 },
      json: { kind: "text", at: 2 },
      ageMs: { kind: "u64", at: 0 },
      own: { kind: "bool", at: 64 },
    },
  },
  Changed: {
    words: 2, pointers: 0, tag: undefined,
    fields: {
      subscription: { kind: "u64", at: 0 },
      revision: { kind: "u64", at: 1 },
    },
  },
  Ended: {
    words: 1, pointers: 1, tag: undefined,
    fields: {
      subscription: { kind: "u64", at: 0 },
      why: { kind: "struct", at: 0, of: "Failure" },
    },
  },
  Sync: {
    words: 1, pointers: 1, tag: undefined,
    fields: {
      document: { kind: "text", at: 0 },
      state: { kind: "enum", at: 0, of: "State" },
    },
  },
  Presence: {
    words: 0, pointers: 2, tag: undefined,
    fields: {
      document: { kind: "text", at: 0 },
      others: { kind: "data", at: 1 },
    },
  },
  Hello: {
    words: 2, pointers: 2, tag: undefined,
    fields: {
      protocol: { kind: "u32", at: 0 },
      device: { kind: "data", at: 0 },
      user: { kind: "data", at: 1 },
      maxFrameBytes: { kind: "u32", at: 1 },
      maxSubscriptions: { kind: "u32", at: 2 },
    },
  },
  LevelNow: {
    words: 1, pointers: 1, tag: undefined,
    fields: {
      subscription: { kind: "u64", at: 0 },
      level: { kind: "text", at: 0 },
    },
  },
};

export const enums: Enums = {
  FailureKind: ["input", "usage", "denied", "unavailable"],
  State: ["offline", "syncing", "synced"],
};
