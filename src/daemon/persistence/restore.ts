// The content of a directory: the newest complete snapshot, and the logs after it.

import type { Change } from "../tree/changes.ts";
import { ChangeReader } from "./changes.ts";
import { corrupt, failed, JournalError } from "./errors.ts";
import type { Files } from "./files.ts";
import {
  decodeFileHeader,
  FILE_HEADER_SIZE,
  type FileHeader,
  type FileKind,
  isBlank,
  type JournalRecord,
  provesSynced,
  readRecord,
} from "./records.ts";

const FILE_NAME = /^(\d{10})\.(log|snapshot)(\.new)?$/;

/** The name of a file. */
export function fileName(generation: number, kind: FileKind): string {
  return `${String(generation).padStart(10, "0")}.${kind}`;
}

/** Tells whether a name is that of a log or a snapshot, complete or not. */
export function isFileName(name: string): boolean {
  return FILE_NAME.test(name);
}

/** A log, as far as it holds batches. */
export interface LogEnd {
  readonly generation: number;
  readonly secret: number;
  /** Bytes of its header and its records. */
  readonly length: number;
  /** The size of the file: reserved room, or the bytes of a crash, follow the records. */
  readonly size: number;
}

/** Bytes at the end of a log that are no batch: what was being written when the process, or the machine, ended. */
export interface Discarded {
  /** The file's path. */
  readonly file: string;
  /** The index of the first of these bytes. */
  readonly offset: number;
  /** How many there were. */
  readonly bytes: number;
}

/** What a directory holds. */
export interface Restored {
  /** What leads to the last state, from a store without any node; empty in a directory that is new. */
  readonly changes: Iterable<Change>;
  /** The number of the last batch; 0 without batches. */
  readonly sequence: number;
  /** The end of the last log; null if there is no log yet. */
  readonly log: LogEnd | null;
  /** The generation of the first log: that of the snapshot. */
  readonly generation: number;
  /** Bytes of the snapshot. */
  readonly snapshotSize: number;
  /** The bytes of the logs after the snapshot. */
  readonly logSize: number;
  /** What was left out, because a crash cut it. */
  readonly discarded: Discarded | null;
  /** Files that are not needed. */
  readonly leftovers: readonly string[];
}

/** Bytes that hold changes, and where. */
interface Source {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly records: readonly JournalRecord[];
}

interface Snapshot extends Source {
  readonly header: FileHeader;
}

interface Log extends Source {
  readonly end: LogEnd;
  readonly sequence: number;
  readonly discarded: Discarded | null;
}

/**
 * Reads a directory, and changes nothing. Throws a {@linkcode JournalError} if a file does not hold what was written to
 * it.
 */
export function restore(files: Files): Restored {
  const found = readNames(files);
  const snapshot = newestSnapshot(files, found);
  let sequence = snapshot?.header.base ?? 0;
  const first = snapshot?.header.generation ?? 0;
  const generations = found.logs.filter((generation) => generation >= first);
  const sources: Source[] = snapshot === null ? [] : [snapshot];
  const leftovers = found.unfinished.concat(
    found.logs.filter((generation) => generation < first).map((generation) => fileName(generation, "log")),
    found.snapshots.filter((generation) => generation < first).map((generation) => fileName(generation, "snapshot")),
  );
  const missing = generations.findIndex((generation, i) => generation !== first + i);
  if (missing >= 0 || (snapshot !== null && generations.length === 0)) {
    const file = files.path(fileName(first + Math.max(0, missing), "log"));
    throw new JournalError("corrupt", `cannot restore the store: "${file}" is missing`, { file });
  }
  const all = generations.map((generation) => readLogFile(files, generation));
  const used = all.findLastIndex(({ unused }) => !unused);
  let log: Log | null = null;
  let logSize = 0;
  for (const [i, file] of all.entries()) {
    const next: Log | null = i <= used ? readLog(file, sequence, i === used) : nextUnused(file, sequence, log);
    if (next === null) {
      leftovers.push(...generations.slice(i).map((generation) => fileName(generation, "log")));
      break;
    }
    log = next;
    logSize += next.end.length;
    sequence = next.sequence;
    sources.push(next);
  }
  return {
    changes: { [Symbol.iterator]: () => changesOf(sources) },
    sequence,
    log: log?.end ?? null,
    generation: first,
    snapshotSize: snapshot?.bytes.length ?? 0,
    logSize,
    discarded: log?.discarded ?? null,
    leftovers,
  };
}

interface Found {
  readonly snapshots: number[];
  readonly logs: number[];
  readonly unfinished: string[];
}

function readNames(files: Files): Found {
  const found: Found = { snapshots: [], logs: [], unfinished: [] };
  for (const name of listFiles(files).sort()) {
    const [, digits, kind, unfinished] = FILE_NAME.exec(name) ?? [];
    if (digits === undefined) continue;
    if (unfinished !== undefined) found.unfinished.push(name);
    else (kind === "log" ? found.logs : found.snapshots).push(Number(digits));
  }
  return found;
}

function listFiles(files: Files): string[] {
  try {
    return files.list();
  } catch (error) {
    throw failed(`cannot restore the store: cannot read "${files.path("")}"`, error, files.path(""));
  }
}

function readFile(files: Files, name: string): Uint8Array {
  try {
    return files.read(name);
  } catch (error) {
    throw failed(`cannot restore the store: cannot read "${files.path(name)}"`, error, files.path(name));
  }
}

/**
 * Reads the header of a file; null if it is incomplete. Throws if it belongs to another file, or a later version wrote
 * it.
 */
function readHeader(bytes: Uint8Array, file: string, kind: FileKind, generation: number): FileHeader | null {
  const header = decodeFileHeader(bytes);
  if (header === "version") {
    throw new JournalError("version", `cannot restore the store: a later version of this program wrote "${file}"`, {
      file,
    });
  }
  if (header !== null && (header.kind !== kind || header.generation !== generation)) {
    throw corrupt(file, 0, `it says that it is ${header.kind} ${header.generation}`);
  }
  return header;
}

/**
 * Finds the newest complete snapshot. An incomplete snapshot is an error if there is no older one, or if the logs after
 * the older one are gone.
 */
function newestSnapshot(files: Files, { snapshots, logs }: Found): Snapshot | null {
  let fault: JournalError | null = null;
  for (const generation of snapshots.toReversed()) {
    if (fault !== null && !logs.includes(generation)) break;
    try {
      return readSnapshot(files, generation);
    } catch (error) {
      if (!(error instanceof JournalError) || error.fault !== "corrupt") throw error;
      fault ??= error;
    }
  }
  if (fault !== null && !logs.includes(0)) throw fault;
  return null;
}

function readSnapshot(files: Files, generation: number): Snapshot {
  const name = fileName(generation, "snapshot");
  const file = files.path(name);
  const bytes = readFile(files, name);
  const header = readHeader(bytes, file, "snapshot", generation);
  if (header === null) throw corrupt(file, 0, "its header is not whole");
  const records: JournalRecord[] = [];
  for (let at = FILE_HEADER_SIZE;;) {
    const record = readRecord(bytes, at, header.secret);
    if (record === null || record.sequence !== records.length + 1) throw corrupt(file, at, "no whole record is there");
    at = record.end;
    if (record.start < record.end) {
      records.push(record);
      continue;
    }
    if (at < bytes.length) throw corrupt(file, at, "more bytes follow its end");
    return { file, bytes, records, header };
  }
}

interface LogFile {
  readonly generation: number;
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly header: FileHeader | null;
  /** Whether nothing was ever appended. */
  readonly unused: boolean;
}

function readLogFile(files: Files, generation: number): LogFile {
  const name = fileName(generation, "log");
  const file = files.path(name);
  const bytes = readFile(files, name);
  const header = readHeader(bytes, file, "log", generation);
  // Nothing is written to a log before its header is on the disk.
  const unused = header === null ? bytes.length <= FILE_HEADER_SIZE : isBlank(bytes, FILE_HEADER_SIZE);
  return { generation, file, bytes, header, unused };
}

/** Finds a log without batches after all others; null if it never replaced the log before it. */
function nextUnused(next: LogFile, sequence: number, before: Log | null): Log | null {
  const { header } = next;
  // If it could not be made, or that is not known, the one before it went on.
  if (header === null || header.base < sequence || (before !== null && before.discarded !== null)) return null;
  return readLog(next, sequence, true);
}

/** Reads a log whose first batch follows batch `sequence`. */
function readLog({ generation, file, bytes, header }: LogFile, sequence: number, isLast: boolean): Log {
  if (header === null) throw corrupt(file, 0, "its header is not whole");
  if (header.base !== sequence) {
    throw corrupt(file, 0, `it continues after batch ${header.base}, but the last batch before it is ${sequence}`);
  }
  const records: JournalRecord[] = [];
  let length = FILE_HEADER_SIZE;
  for (;;) {
    const record = readRecord(bytes, length, header.secret);
    if (record === null) break;
    if (record.sequence !== sequence + 1) {
      throw corrupt(file, length, `batch ${record.sequence} is there in place of batch ${sequence + 1}`);
    }
    records.push(record);
    sequence++;
    length = record.end;
  }
  const end: LogEnd = { generation, secret: header.secret, length, size: bytes.length };
  const log = { file, bytes, records, end, sequence, discarded: null };
  if (isBlank(bytes, length)) return log;
  if (!isLast || provesSynced(bytes, length + 1, sequence + 1, header.secret)) {
    throw corrupt(file, length, "no whole record is there, and it is not the end");
  }
  return { ...log, discarded: { file, offset: length, bytes: bytes.length - length } };
}

function* changesOf(sources: readonly Source[]): Generator<Change> {
  const reader = new ChangeReader();
  for (const { file, bytes, records } of sources) {
    for (const { start, end } of records) {
      try {
        yield* reader.read(bytes, start, end);
      } catch (error) {
        if (error instanceof RangeError) throw corrupt(file, start, error.message);
        throw error;
      }
    }
  }
}
