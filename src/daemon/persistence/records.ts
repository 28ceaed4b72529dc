// The files of a journal: a header, then records, each whole or not there at all.

import type { Bytes } from "../tree/bytes.ts";
import { crc32c } from "./checksum.ts";

/*
 * Every file begins with a header of 40 bytes, which stays as it is in later versions. All numbers are little-endian.
 *
 *    0  "tsxs.log" or "tsxs.tre": a log, or a snapshot of the tree
 *    8  u32 version of the format
 *   12  u32 checksum of the other bytes of the header
 *   16  u64 generation: a snapshot holds what the logs of the generations before its own come to
 *   24  u64 number of the last batch before those of the log; of the last one that the snapshot holds
 *   32  u32 secret with which the checksums of the records begin, so that no value can look like a record
 *   36  u32 0
 *
 * A record is a header of 20 bytes, followed by the changes of one batch.
 *
 *    0  u32 checksum (CRC-32C, begun with the secret) of all that follows
 *    4  u32 length of the changes, in bytes
 *    8  u64 number of the batch; in a snapshot, of the record, from 1
 *   16  u32 how many batches right before this one were not known to be on the disk when this one was written
 *
 * A snapshot ends with a record without changes. Zeros may follow the records of a log: reserved room.
 */

/** The version of the format that is written; those up to it are read. */
export const VERSION = 1;
/** Bytes of a file's header. */
export const FILE_HEADER_SIZE = 40;
/** Bytes of a record's header. */
export const RECORD_HEADER_SIZE = 20;
const CHECKSUM_AT = 12;
const marks = { log: "tsxs.log", snapshot: "tsxs.tre" } as const;

/** What a file is. */
export type FileKind = keyof typeof marks;

/** What a file says of itself. */
export interface FileHeader {
  readonly kind: FileKind;
  readonly generation: number;
  /** The number of the last batch before those of the log; of the last one that the snapshot holds. */
  readonly base: number;
  /** What the checksums of its records begin with. */
  readonly secret: number;
}

/** A complete record, and the place of its changes. */
export interface JournalRecord {
  readonly sequence: number;
  /** How many batches right before it may not have been on the disk when it was written. */
  readonly unsynced: number;
  readonly start: number;
  readonly end: number;
}

/** A header's bytes. */
export function encodeFileHeader({ kind, generation, base, secret }: FileHeader): Uint8Array {
  const bytes = new Uint8Array(FILE_HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < marks[kind].length; i++) bytes[i] = marks[kind].charCodeAt(i);
  view.setUint32(8, VERSION, true);
  setUint64(view, 16, generation);
  setUint64(view, 24, base);
  view.setUint32(32, secret, true);
  view.setUint32(CHECKSUM_AT, headerChecksum(bytes), true);
  return bytes;
}

/** Reads a header; "version" if a later version wrote it, null if it is incomplete. */
export function decodeFileHeader(bytes: Uint8Array): FileHeader | "version" | null {
  if (bytes.length < FILE_HEADER_SIZE) return null;
  const mark = String.fromCharCode(...bytes.subarray(0, 8));
  const kind = mark === marks.log ? "log" : mark === marks.snapshot ? "snapshot" : null;
  if (kind === null) return null;
  const view = viewOf(bytes);
  const version = view.getUint32(8, true);
  if (view.getUint32(CHECKSUM_AT, true) !== headerChecksum(bytes)) return null;
  if (version > VERSION) return "version";
  return { kind, generation: getUint64(view, 16), base: getUint64(view, 24), secret: view.getUint32(32, true) };
}

/** Makes room for the header of a record, and returns its index. The changes are to be appended after it. */
export function beginRecord(bytes: Bytes): number {
  return bytes.extend(RECORD_HEADER_SIZE);
}

/** Fills in the header of the record that was begun at a place, and ends with the bytes. */
export function endRecord(bytes: Bytes, at: number, sequence: number, unsynced: number, secret: number): void {
  const { view } = bytes;
  view.setUint32(at + 4, bytes.length - at - RECORD_HEADER_SIZE, true);
  setUint64(view, at + 8, sequence);
  view.setUint32(at + 16, Math.min(unsynced, 0xffffffff), true);
  view.setUint32(at, crc32c(bytes.taken, at + 4, bytes.length, secret), true);
}

/** Reads the record at an index; null if there is no complete record. */
export function readRecord(bytes: Uint8Array, at: number, secret: number): JournalRecord | null {
  return recordAt(bytes, viewOf(bytes), at, secret);
}

/**
 * Tells whether a later record shows that batch `sequence` had been synced when that record was written. Then the
 * damage at its place is not that of a crash.
 */
export function provesSynced(bytes: Uint8Array, from: number, sequence: number, secret: number): boolean {
  const view = viewOf(bytes);
  for (let at = from; at + RECORD_HEADER_SIZE <= bytes.length; at++) {
    // Most places are told apart by these few bytes, without a checksum.
    const later = getUint64(view, at + 8) - sequence;
    if (later <= 0 || later > bytes.length || view.getUint32(at + 16, true) >= later) continue;
    if (recordAt(bytes, view, at, secret) !== null) return true;
  }
  return false;
}

/** Whether there are only zeros from a place on. */
export function isBlank(bytes: Uint8Array, from: number): boolean {
  for (let i = from; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

function recordAt(bytes: Uint8Array, view: DataView, at: number, secret: number): JournalRecord | null {
  const start = at + RECORD_HEADER_SIZE;
  if (start > bytes.length) return null;
  const end = start + view.getUint32(at + 4, true);
  if (end > bytes.length || view.getUint32(at, true) !== crc32c(bytes, at + 4, end, secret)) return null;
  return { sequence: getUint64(view, at + 8), unsynced: view.getUint32(at + 16, true), start, end };
}

function headerChecksum(bytes: Uint8Array): number {
  return crc32c(bytes, CHECKSUM_AT + 4, FILE_HEADER_SIZE, crc32c(bytes, 0, CHECKSUM_AT));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function setUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 0x100000000, true);
  view.setUint32(at + 4, Math.floor(value / 0x100000000), true);
}

function getUint64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x100000000;
}
