// Writes a migration stream.

import { pathFault } from "../../wire/path.ts";
import type { Permissions } from "../tree/permissions.ts";
import { parentPath } from "../tree/paths.ts";
import { MigrationError } from "./errors.ts";
import { Access, ConnectionType, DOMID_INVALID, IGNORED, LETTERS, UNIQUE_ID, UNLIMITED } from "./format.ts";
import type { ImportOptions } from "./import.ts";
import { StreamWriter } from "./writer.ts";
import type {
  ConnectionData,
  DomainData,
  MigrationState,
  NodeData,
  PendingNodeData,
  QuotaData,
  WatchData,
} from "./state.ts";

/** How a stream is written. */
export interface ExportOptions extends ImportOptions {
  /** Whether its numbers are big-endian, as those of the host that is to read it; by default they are little-endian. */
  readonly bigEndian?: boolean | undefined;
}

/**
 * Writes a state as a stream of the version that the state names. C daemons up to Xen 4.21 read only version 1.
 *
 * Throws a {@linkcode MigrationError} if the format has no room for a part of the state, such as a value or a path of
 * more than 65535 bytes, or a watch with a depth in version 1, and if a node comes before its parent.
 *
 * A permission for a domain beyond 65535, which cannot exist, is written as an ignored permission for no domain.
 */
export function exportStream(state: MigrationState, options: ExportOptions = {}): Uint8Array {
  const { bigEndian = false, isKnown = (path) => path === "/", onProgress } = options;
  const { version, global, quotas, connections, nodes, domains } = state;
  const writer = new StreamWriter(!bigEndian);
  writer.header(version, bigEndian);
  if (global !== null) {
    writer.record("GLOBAL_DATA", () => {
      writer.int32("the socket", global.socket);
      writer.int32("the event channels", global.eventChannels);
    });
  }
  if (quotas !== null) {
    writer.record("GLOBAL_QUOTA_DATA", () => {
      writer.uint16("the number of quotas", quotas.perDomain.length);
      writer.uint16("the number of quotas", quotas.overall.length);
      writeQuotas(writer, [...quotas.perDomain, ...quotas.overall]);
    });
  }
  for (const connection of connections) {
    writeConnection(writer, connection);
    for (const watch of connection.watches) writeWatch(writer, connection.id, watch, version);
    for (const { id } of connection.transactions) {
      writer.record("TRANSACTION_DATA", () => {
        writer.uint32("the connection", connection.id);
        writer.uint32("the transaction", id);
      });
    }
  }
  const paths = new Set<string>();
  for (const node of nodes) {
    checkPlace(node, paths, isKnown);
    paths.add(node.path);
    writeNode(writer, { ...node, read: false, written: false }, 0, 0);
    onProgress?.(paths.size, nodes.length);
  }
  for (const { id, transactions } of connections) {
    for (const transaction of transactions) {
      for (const node of transaction.nodes) writeNode(writer, node, id, transaction.id);
    }
  }
  for (const domain of domains) writeDomain(writer, domain, version);
  writer.record("END", () => {});
  return writer.finish();
}

function checkPlace({ path }: NodeData, paths: ReadonlySet<string>, isKnown: (path: string) => boolean): void {
  const special = path.startsWith("@") && !path.includes("/");
  const fault = path.startsWith("/") || special ? pathFault(path, special) : "it is relative";
  const fail = (what: string): never => {
    throw new MigrationError("NODE_DATA", `${JSON.stringify(path)} ${what}`);
  };
  if (fault !== null) fail(`is no path: ${fault}`);
  if (paths.has(path)) fail("is there twice");
  if (special) return;
  if (path === "/") {
    if ([...paths].some((other) => other.startsWith("/"))) fail("follows other nodes");
    return;
  }
  const parent = parentPath(path);
  if (!paths.has(parent) && (paths.has("/") || !isKnown(parent))) fail("has no parent before it");
}

function writeConnection(writer: StreamWriter, connection: ConnectionData): void {
  const { id, endpoint, received, unsent, unsentPartial, uniqueId } = connection;
  writer.record("CONNECTION_DATA", (start) => {
    writer.uint32("the id", id);
    writer.uint16("the type", endpoint.kind === "ring" ? ConnectionType.RING : ConnectionType.SOCKET);
    writer.uint16("the fields", uniqueId === null ? 0 : UNIQUE_ID);
    if (endpoint.kind === "ring") {
      writer.uint16("the domain", endpoint.domid);
      writer.uint16("the target", endpoint.target ?? DOMID_INVALID);
      writer.uint32("the event channel", endpoint.eventChannel);
    } else {
      writer.int32("the descriptor", endpoint.descriptor);
      writer.uint32("padding", 0);
    }
    writer.uint16("what was received", received.length);
    writer.uint16("the rest of a message", unsentPartial);
    writer.uint32("what is to be sent", unsent.length);
    writer.bytes(received);
    writer.bytes(unsent);
    if (uniqueId === null) return;
    writer.align(start);
    writer.uint64(uniqueId);
  });
}

function writeWatch(
  writer: StreamWriter,
  connection: number,
  { path, token, depth }: WatchData,
  version: number,
): void {
  if (depth !== null && version < 2) {
    throw new MigrationError(
      "WATCH_DATA_EXTENDED",
      `version ${version} has none, and ${JSON.stringify(path)} has a depth`,
    );
  }
  writer.record(depth === null ? "WATCH_DATA" : "WATCH_DATA_EXTENDED", () => {
    writer.uint32("the connection", connection);
    writer.uint16("the path", path.length + 1);
    writer.uint16("the token", token.length + 1);
    if (depth !== null) {
      writer.uint16("the depth", Math.min(depth, UNLIMITED));
      writer.uint16("padding", 0);
    }
    writer.text("the path", path);
    writer.text("the token", token);
  });
}

function writeNode(writer: StreamWriter, node: PendingNodeData, connection: number, transaction: number): void {
  const { path, value, permissions, read, written } = node;
  writer.record("NODE_DATA", () => {
    writer.uint32("the connection", connection);
    writer.uint32("the transaction", transaction);
    writer.uint16(`the path ${JSON.stringify(path)}`, path.length + 1);
    writer.uint16(`the value of ${JSON.stringify(path)}`, value.length);
    writer.uint16("the access", (read ? Access.READ : 0) | (written ? Access.WRITTEN : 0));
    writePermissions(writer, permissions);
    writer.text("the path", path);
    writer.bytes(value);
  });
}

function writePermissions(writer: StreamWriter, permissions: Permissions | null): void {
  const entries = permissions?.entries ?? [];
  writer.uint16("the number of permissions", entries.length);
  for (const { domid, rights, ignored } of entries) {
    const impossible = domid > 0xffff;
    writer.uint8(LETTERS.charCodeAt(rights));
    writer.uint8(ignored || impossible ? IGNORED : 0);
    writer.uint16("a permission's domain", impossible ? DOMID_INVALID : domid);
  }
}

function writeQuotas(writer: StreamWriter, quotas: readonly QuotaData[]): void {
  for (const [name, value] of quotas) writer.uint32(`the quota ${JSON.stringify(name)}`, value);
  for (const [name] of quotas) writer.text("the quota", name);
}

function writeDomain(writer: StreamWriter, { domid, features, quotas }: DomainData, version: number): void {
  writer.record("DOMAIN_DATA", () => {
    writer.uint16("the domain", domid);
    writer.uint16("the number of quotas", quotas.length);
    writer.uint32("the features", version < 2 ? 0 : features ?? 0);
    writeQuotas(writer, quotas);
  });
}
