// Writes a snapshot bit by bit, between the daemon's other work.

import type { Clock } from "../clock.ts";
import type { Change } from "../tree/tree.ts";
import { Bytes } from "../tree/bytes.ts";
import { encodeChange } from "./changes.ts";
import type { Files, OpenFile } from "./files.ts";
import { newSecret } from "./log.ts";
import { beginRecord, encodeFileHeader, endRecord, FILE_HEADER_SIZE, RECORD_HEADER_SIZE } from "./records.ts";
import { fileName } from "./restore.ts";

/** A record ends when it has so many bytes. */
const RECORD_SIZE = 64 * 1024;
/** A slice ends after so many milliseconds, or so many bytes; the next begins after a pause. */
const SLICE_MS = 3;
const SLICE_SIZE = 256 * 1024;
const PAUSE_MS = 1;
/** The time is looked at after so many changes. */
const LOOK_AFTER = 64;

/** A snapshot that is being written. */
export interface SnapshotWriting {
  /**
   * Resolves with its size when it stands under its name, on the disk; with null when it was given up because of
   * {@linkcode SnapshotWriting.cancel}. Rejects with what the system said; then nothing of it is left.
   */
  readonly done: Promise<number | null>;
  /** Gives it up, unless it is about to get its name. */
  cancel(): void;
}

/**
 * Writes the changes that build a state, the last batch of which is `base`, to a file of another name; then renames
 * that.
 */
export function writeSnapshot(
  files: Files,
  generation: number,
  base: number,
  changes: Iterable<Change>,
  clock: Clock,
): SnapshotWriting {
  const name = fileName(generation, "snapshot");
  const unfinished = `${name}.new`;
  const secret = newSecret();
  const iterator = changes[Symbol.iterator]();
  const bytes = new Bytes(2 * RECORD_SIZE);
  let file: OpenFile | null = null;
  let length = 0;
  let sequence = 0;
  let cancelled = false;
  let wake = (): void => {};

  const writeRecord = (): void => {
    endRecord(bytes, 0, ++sequence, 0, secret);
    file?.write(bytes.taken, length);
    length += bytes.length;
    bytes.clear();
    beginRecord(bytes);
  };

  /** Writes one slice; false when there is nothing more. */
  const slice = (): boolean => {
    const start = clock.now();
    const size = length;
    for (let i = 1;; i++) {
      const next = iterator.next();
      if (next.done) {
        if (bytes.length > RECORD_HEADER_SIZE) writeRecord();
        writeRecord();
        return false;
      }
      encodeChange(bytes, next.value);
      if (bytes.length >= RECORD_SIZE) writeRecord();
      if (length - size >= SLICE_SIZE || (i % LOOK_AFTER === 0 && clock.now() - start >= SLICE_MS)) return true;
    }
  };

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = clock.after(PAUSE_MS, resolve);
      wake = () => {
        timer.cancel();
        resolve();
      };
    });

  const write = async (): Promise<number | null> => {
    try {
      file = files.create(unfinished);
      file.write(encodeFileHeader({ kind: "snapshot", generation, base, secret }), 0);
      length = FILE_HEADER_SIZE;
      beginRecord(bytes);
      while (!cancelled && slice()) await pause();
      if (!cancelled) await file.syncLater();
    } finally {
      file?.close();
    }
    if (cancelled) return null;
    files.rename(unfinished, name);
    files.syncDirectory();
    return length;
  };

  const done = write().finally(() => {
    iterator.return?.();
    try {
      if (files.list().includes(unfinished)) files.remove(unfinished);
    } catch { /* the next start removes it */ }
  });
  return {
    done,
    cancel: () => {
      cancelled = true;
      wake();
    },
  };
}
