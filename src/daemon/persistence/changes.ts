// Changes as bytes: what stands in the records of a log and of a snapshot.

import type { Bytes } from "../tree/bytes.ts";
import { fromBytes } from "../tree/latin1.ts";
import { type Entry, Permissions } from "../tree/permissions.ts";
import { isQuotaName } from "../tree/quotas.ts";
import type { Change } from "../tree/changes.ts";

/*
 * A change begins with its kind, one byte; all numbers are little-endian.
 *
 *   1 put     path length u32, value length u32, permissions count u16, path, value, permissions
 *   2 remove  path length u32, path
 *   3 quota   value f64, name length u16, name                of all domains
 *   4 quota   value f64, name length u16, domain u32, name    of one domain
 *   5 forget  domain u32                                      its quotas
 *
 * A permission is its domain, u32, and a byte: 1 read, 2 write, 128 ignored.
 */
const Kind = { PUT: 1, REMOVE: 2, QUOTA: 3, DOMAIN_QUOTA: 4, FORGET: 5 } as const;
const IGNORED = 128;
const PERMISSION_SIZE = 5;

/** Appends a change. */
export function encodeChange(bytes: Bytes, change: Change): void {
  switch (change.kind) {
    case "put": {
      const { entries } = change.permissions;
      const at = bytes.extend(11);
      const { view } = bytes;
      view.setUint8(at, Kind.PUT);
      view.setUint32(at + 1, change.path.length, true);
      view.setUint32(at + 5, change.value.length, true);
      view.setUint16(at + 9, entries.length, true);
      bytes.text(change.path);
      bytes.text(change.value);
      for (const { domid, rights, ignored } of entries) {
        const place = bytes.extend(PERMISSION_SIZE);
        bytes.view.setUint32(place, domid, true);
        bytes.view.setUint8(place + 4, rights | (ignored ? IGNORED : 0));
      }
      return;
    }
    case "remove": {
      const at = bytes.extend(5);
      bytes.view.setUint8(at, Kind.REMOVE);
      bytes.view.setUint32(at + 1, change.path.length, true);
      bytes.text(change.path);
      return;
    }
    case "quota": {
      const at = bytes.extend(11);
      bytes.view.setUint8(at, change.domid === null ? Kind.QUOTA : Kind.DOMAIN_QUOTA);
      bytes.view.setFloat64(at + 1, change.value, true);
      bytes.view.setUint16(at + 9, change.name.length, true);
      if (change.domid !== null) {
        const place = bytes.extend(4);
        bytes.view.setUint32(place, change.domid, true);
      }
      bytes.text(change.name);
      return;
    }
    case "forget": {
      const at = bytes.extend(5);
      bytes.view.setUint8(at, Kind.FORGET);
      bytes.view.setUint32(at + 1, change.domid, true);
    }
  }
}

/**
 * Reads changes back, wherever they stand in a file. Throws a `RangeError` that says what is wrong with bytes that hold
 * something else.
 */
export class ChangeReader {
  /** Nodes have their permissions in common: each text of them is read once. */
  readonly #permissions = new Map<string, Permissions>();

  /** The changes between two places. */
  *read(bytes: Uint8Array, start: number, end: number): Generator<Change> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = start;
    const take = (count: number): number => {
      at += count;
      if (at > end) throw new RangeError(`a change of ${at - start} bytes where ${end - start} are`);
      return at - count;
    };
    const text = (length: number): string => {
      const from = take(length);
      return fromBytes(bytes, from, at);
    };
    while (at < end) {
      const kind = view.getUint8(take(1));
      switch (kind) {
        case Kind.PUT: {
          const head = take(10);
          const path = text(view.getUint32(head, true));
          const value = text(view.getUint32(head + 4, true));
          const permissions = this.#permissionsOf(text(view.getUint16(head + 8, true) * PERMISSION_SIZE));
          yield { kind: "put", path, value, permissions };
          break;
        }
        case Kind.REMOVE:
          yield { kind: "remove", path: text(view.getUint32(take(4), true)) };
          break;
        case Kind.QUOTA:
        case Kind.DOMAIN_QUOTA: {
          const head = take(10);
          const domid = kind === Kind.QUOTA ? null : view.getUint32(take(4), true);
          const name = text(view.getUint16(head + 8, true));
          if (!isQuotaName(name)) throw new RangeError(`a quota "${name}"`);
          yield { kind: "quota", domid, name, value: view.getFloat64(head, true) };
          break;
        }
        case Kind.FORGET:
          yield { kind: "forget", domid: view.getUint32(take(4), true) };
          break;
        default:
          throw new RangeError(`a change of kind ${kind}`);
      }
    }
  }

  #permissionsOf(text: string): Permissions {
    const known = this.#permissions.get(text);
    if (known !== undefined) return known;
    const entries: Entry[] = [];
    for (let at = 0; at < text.length; at += PERMISSION_SIZE) {
      const byte = (i: number): number => text.charCodeAt(at + i);
      const domid = (byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24) >>> 0;
      entries.push({ domid, rights: byte(4) & ~IGNORED, ignored: (byte(4) & IGNORED) !== 0 });
    }
    const permissions = new Permissions(entries);
    this.#permissions.set(text, permissions);
    return permissions;
  }
}
