// Reads a migration stream.

import { fromBytes } from "../tree/latin1.ts";
import { Cursor } from "./cursor.ts";
import { MigrationError } from "./errors.ts";
import { aligned, BIG_ENDIAN, HEADER_SIZE, IDENT, RECORD_HEADER_SIZE, recordName } from "./format.ts";
import { type Draft, emptyDraft, readers } from "./records.ts";
import type { MigrationState, StreamVersion } from "./state.ts";

/** How a stream is read. */
export interface ImportOptions {
  /**
   * Tells whether a node existed before the stream, so that the stream may have children of it. Not called for a stream
   * with the root, which has the whole store. By default only the root exists.
   */
  readonly isKnown?: ((path: string) => boolean) | undefined;
  /** Called with the number of bytes or nodes that are done, and that of all. */
  readonly onProgress?: ((position: number, total: number) => void) | undefined;
}

/**
 * Reads a stream in the format of Xen's `docs/designs/xenstore-migration.md`, of version 1 or 2, and of either byte
 * order. Throws a {@linkcode MigrationError} that names the record, the byte and the fault if the stream is invalid.
 * Records of unknown types are skipped, and listed in the state.
 */
export function importStream(
  bytes: Uint8Array,
  { isKnown = (path) => path === "/", onProgress }: ImportOptions = {},
): MigrationState {
  const { version, littleEndian } = readHeader(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const draft = emptyDraft(version, isKnown);
  for (let offset = HEADER_SIZE;;) {
    const left = bytes.length - offset;
    if (left < RECORD_HEADER_SIZE) {
      const state = left === 0 ? "it is missing" : `${left} bytes are left`;
      throw new MigrationError("END", `${state}, and the stream has not ended`, offset);
    }
    const type = view.getUint32(offset, littleEndian);
    const length = view.getUint32(offset + 4, littleEndian);
    const name = recordName(type, version);
    const start = offset + RECORD_HEADER_SIZE;
    const end = start + aligned(length);
    if (start + length > bytes.length) {
      const fault = `it has ${length} bytes, ${bytes.length - start} are left`;
      throw new MigrationError(name ?? `record ${type}`, fault, offset);
    }
    if (name === "END") {
      if (length !== 0) throw new MigrationError(name, `it has ${length} bytes, and none are allowed`, offset);
      const more = bytes.subarray(end).findIndex((byte) => byte !== 0);
      if (more >= 0) throw new MigrationError(name, "something follows it", end + more);
      return stateOf(version, draft);
    }
    if (name === null) draft.skipped.push({ type, offset, length });
    else readers[name](draft, new Cursor(name, bytes, start, start + length, littleEndian));
    offset = Math.min(end, bytes.length);
    onProgress?.(offset, bytes.length);
  }
}

function readHeader(bytes: Uint8Array): { version: StreamVersion; littleEndian: boolean } {
  const fail = (fault: string, offset: number): never => {
    throw new MigrationError("HEADER", fault, offset);
  };
  if (bytes.length < HEADER_SIZE) fail(`it takes ${HEADER_SIZE} bytes, ${bytes.length} are there`, 0);
  if (fromBytes(bytes, 0, IDENT.length) !== IDENT) fail(`it does not begin with "${IDENT}"`, 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(8);
  const flags = view.getUint32(12);
  if ((flags & ~BIG_ENDIAN) !== 0) fail(`its flags are 0x${flags.toString(16)}, which are not known`, 12);
  if (version !== 1 && version !== 2) return fail(`its version is ${version}: 1 and 2 can be read`, 8);
  return { version, littleEndian: (flags & BIG_ENDIAN) === 0 };
}

function stateOf(version: StreamVersion, draft: Draft): MigrationState {
  const { global, quotas, nodes, domains, skipped } = draft;
  const connections = [...draft.connections.values()].map(({ data, watches, transactions }) => ({
    ...data,
    watches,
    transactions: [...transactions].map(([id, nodes]) => ({ id, nodes })),
  }));
  return { version, global, quotas, connections, nodes, domains: [...domains.values()], skipped };
}
