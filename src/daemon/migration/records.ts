// Reads the records of a migration stream, each by its type.

import { pathFault } from "../../wire/path.ts";
import { type Entry, Permissions } from "../tree/permissions.ts";
import { parentPath } from "../tree/paths.ts";
import type { Cursor } from "./cursor.ts";
import {
  Access,
  ConnectionType,
  DOMID_INVALID,
  IGNORED,
  LETTERS,
  type RecordName,
  UNIQUE_ID,
  UNLIMITED,
} from "./format.ts";
import type {
  ConnectionData,
  DomainData,
  Endpoint,
  GlobalData,
  GlobalQuotas,
  NodeData,
  PendingNodeData,
  QuotaData,
  SkippedRecord,
  StreamVersion,
  WatchData,
} from "./state.ts";

/** A connection of which watches and transactions may yet follow. */
interface DraftConnection {
  readonly data: Omit<ConnectionData, "watches" | "transactions">;
  readonly watches: WatchData[];
  readonly transactions: Map<number, PendingNodeData[]>;
}

/** A state of which more may yet follow. */
export interface Draft {
  readonly version: StreamVersion;
  global: GlobalData | null;
  quotas: GlobalQuotas | null;
  readonly connections: Map<number, DraftConnection>;
  readonly nodes: NodeData[];
  readonly paths: Set<string>;
  readonly isKnown: (path: string) => boolean;
  readonly domains: Map<number, DomainData>;
  readonly skipped: SkippedRecord[];
  /** Nodes have their permissions in common. */
  readonly permissions: Map<string, Permissions>;
}

/** A state of which nothing is there. */
export function emptyDraft(version: StreamVersion, isKnown: (path: string) => boolean): Draft {
  return {
    version,
    global: null,
    quotas: null,
    connections: new Map(),
    nodes: [],
    paths: new Set(),
    isKnown,
    domains: new Map(),
    skipped: [],
    permissions: new Map(),
  };
}

/** The functions that add a record to a state. Each throws a {@linkcode MigrationError} if the record is invalid. */
export const readers: Readonly<Record<Exclude<RecordName, "END">, (draft: Draft, cursor: Cursor) => void>> = {
  GLOBAL_DATA: readGlobal,
  CONNECTION_DATA: readConnection,
  WATCH_DATA: (draft, cursor) => readWatch(draft, cursor, false),
  TRANSACTION_DATA: readTransaction,
  NODE_DATA: readNode,
  GLOBAL_QUOTA_DATA: readGlobalQuotas,
  DOMAIN_DATA: readDomain,
  WATCH_DATA_EXTENDED: (draft, cursor) => readWatch(draft, cursor, true),
};

function readGlobal(draft: Draft, cursor: Cursor): void {
  if (draft.global !== null) cursor.fail("there is one already");
  draft.global = { socket: cursor.int32(), eventChannels: cursor.int32() };
  cursor.finish();
}

function readConnection(draft: Draft, cursor: Cursor): void {
  const start = cursor.at;
  const id = cursor.uint32();
  if (id === 0) cursor.fail("its id is 0", start);
  if (draft.connections.has(id)) cursor.fail(`connection ${id} is there already`, start);
  const type = cursor.uint16();
  const fields = draft.version < 2 ? cursor.uint16() & UNIQUE_ID : cursor.uint16();
  const endpoint = readEndpoint(cursor, type, start + 4);
  const receivedLength = cursor.uint16();
  const unsentPartial = cursor.uint16();
  const unsentLength = cursor.uint32();
  if (unsentPartial > unsentLength) {
    cursor.fail(`the rest of a message has ${unsentPartial} bytes, and what is to be sent ${unsentLength}`, start + 18);
  }
  const received = cursor.bytes(receivedLength, "what was received");
  const unsent = cursor.bytes(unsentLength, "what is to be sent");
  let uniqueId: bigint | null = null;
  if ((fields & UNIQUE_ID) !== 0) {
    cursor.align(start);
    uniqueId = cursor.uint64();
  }
  if ((fields & ~UNIQUE_ID) === 0) cursor.finish();
  const data = { id, endpoint, received, unsent, unsentPartial, uniqueId };
  draft.connections.set(id, { data, watches: [], transactions: new Map() });
}

function readEndpoint(cursor: Cursor, type: number, typeAt: number): Endpoint {
  switch (type) {
    case ConnectionType.RING: {
      const domid = cursor.uint16();
      const target = cursor.uint16();
      return { kind: "ring", domid, target: target === DOMID_INVALID ? null : target, eventChannel: cursor.uint32() };
    }
    case ConnectionType.SOCKET: {
      const descriptor = cursor.int32();
      cursor.uint32();
      return { kind: "socket", descriptor };
    }
    default:
      return cursor.fail(`its type is ${type}, which is not known`, typeAt);
  }
}

function connectionOf(draft: Draft, cursor: Cursor): DraftConnection {
  const at = cursor.at;
  const id = cursor.uint32();
  return draft.connections.get(id) ?? cursor.fail(`there is no connection ${id} before it`, at);
}

function readWatch(draft: Draft, cursor: Cursor, extended: boolean): void {
  const { watches } = connectionOf(draft, cursor);
  const pathLength = cursor.uint16();
  const tokenLength = cursor.uint16();
  const depth = extended ? cursor.uint16() : UNLIMITED;
  if (extended) cursor.uint16();
  const pathAt = cursor.at;
  const path = cursor.text(pathLength, "the path");
  const fault = pathFault(path, true);
  if (fault !== null) cursor.fail(`the path ${JSON.stringify(path)} is invalid: ${fault}`, pathAt);
  const token = cursor.text(tokenLength, "the token");
  cursor.finish();
  watches.push({ path, token, depth: depth === UNLIMITED ? null : depth });
}

function readTransaction(draft: Draft, cursor: Cursor): void {
  const { transactions, data } = connectionOf(draft, cursor);
  const at = cursor.at;
  const id = cursor.uint32();
  if (id === 0) cursor.fail("its id is 0", at);
  if (transactions.has(id)) cursor.fail(`transaction ${id} of connection ${data.id} is there already`, at);
  cursor.finish();
  transactions.set(id, []);
}

function readNode(draft: Draft, cursor: Cursor): void {
  const start = cursor.at;
  const connectionId = cursor.uint32();
  const transactionId = cursor.uint32();
  const pathLength = cursor.uint16();
  const valueLength = cursor.uint16();
  const access = cursor.uint16();
  const permissionsAt = cursor.at;
  const permissions = readPermissions(draft, cursor, cursor.uint16());
  const pathAt = cursor.at;
  const path = cursor.text(pathLength, "the path");
  const special = path.startsWith("@") && !path.includes("/");
  const fault = path.startsWith("/") || special ? pathFault(path, special) : "it is relative";
  if (fault !== null) cursor.fail(`the path ${JSON.stringify(path)} is invalid: ${fault}`, pathAt);
  const value = cursor.bytes(valueLength, "the value");
  cursor.finish();
  if (connectionId !== 0) {
    const nodes = draft.connections.get(connectionId)?.transactions.get(transactionId);
    const written = (access & Access.WRITTEN) !== 0;
    nodes?.push({ path, value, permissions, read: (access & Access.READ) !== 0, written });
    if (nodes !== undefined) return;
    cursor.fail(`there is no transaction ${transactionId} of connection ${connectionId} before it`, start);
  }
  if (permissions === null) return cursor.fail(`${JSON.stringify(path)} has no permissions`, permissionsAt);
  if (draft.paths.has(path)) cursor.fail(`${JSON.stringify(path)} is there already`, pathAt);
  if (path === "/") {
    if (draft.nodes.some((node) => node.path.startsWith("/"))) cursor.fail("the root follows other nodes", pathAt);
  } else if (!special) {
    const parent = parentPath(path);
    // With a root, the stream replaces what was known.
    if (!draft.paths.has(parent) && (draft.paths.has("/") || !draft.isKnown(parent))) {
      cursor.fail(`the parent of ${JSON.stringify(path)} is not there before it`, pathAt);
    }
  }
  draft.paths.add(path);
  draft.nodes.push({ path, value, permissions });
}

function readPermissions(draft: Draft, cursor: Cursor, count: number): Permissions | null {
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    const at = cursor.at;
    const letter = String.fromCharCode(cursor.uint8());
    const rights = LETTERS.indexOf(letter);
    if (rights < 0) cursor.fail(`the permission ${JSON.stringify(letter)} is not one of n, r, w, b`, at);
    const ignored = (cursor.uint8() & IGNORED) !== 0;
    entries.push({ domid: cursor.uint16(), rights, ignored });
  }
  if (count === 0) return null;
  const key = entries.map(({ domid, rights, ignored }) => `${rights}${ignored ? "!" : ":"}${domid}`).join();
  let permissions = draft.permissions.get(key);
  if (permissions === undefined) draft.permissions.set(key, permissions = new Permissions(entries));
  return permissions;
}

function readQuotas(cursor: Cursor, count: number): QuotaData[] {
  const values = Array.from({ length: count }, () => cursor.uint32());
  return values.map((value) => [cursor.textToNul("a quota's name"), value]);
}

function readGlobalQuotas(draft: Draft, cursor: Cursor): void {
  if (draft.quotas !== null) cursor.fail("there is one already");
  const perDomain = cursor.uint16();
  const overall = cursor.uint16();
  const quotas = readQuotas(cursor, perDomain + overall);
  cursor.finish();
  draft.quotas = { perDomain: quotas.slice(0, perDomain), overall: quotas.slice(perDomain) };
}

function readDomain(draft: Draft, cursor: Cursor): void {
  const at = cursor.at;
  const domid = cursor.uint16();
  if (draft.domains.has(domid)) cursor.fail(`domain ${domid} is there already`, at);
  const count = cursor.uint16();
  const features = cursor.uint32();
  const quotas = readQuotas(cursor, count);
  cursor.finish();
  draft.domains.set(domid, { domid, features: draft.version < 2 ? null : features, quotas });
}
