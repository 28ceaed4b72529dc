// Writes a snapshot bit by bit, between the daemon's other work.

import type { Clock } from "../clock.ts";
import type { Change } from "../tree/changes.ts";
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

/**
 * Writes a snapshot: the changes that build a state, of which `base` is the last batch. The snapshot is written to a
 * file of another name, and renamed when the file is synced.
 */
export class SnapshotWriting {
  /**
   * Resolves with the size in bytes when the snapshot has its name on the disk, and with null if it was cancelled
   * before. Rejects with the system's error. Except in the first case, nothing is left of it.
   */
  readonly done: Promise<number | null>;
  readonly #files: Files;
  readonly #changes: Iterator<Change>;
  readonly #clock: Clock;
  readonly #secret = newSecret();
  readonly #bytes = new Bytes(2 * RECORD_SIZE);
  #length = 0;
  #sequence = 0;
  #cancelled = false;
  #wake: () => void = () => {};

  /** Starts to write. */
  constructor(files: Files, generation: number, base: number, changes: Iterable<Change>, clock: Clock) {
    this.#files = files;
    this.#changes = changes[Symbol.iterator]();
    this.#clock = clock;
    const name = fileName(generation, "snapshot");
    const unfinished = `${name}.new`;
    this.done = this.#write(unfinished, name, generation, base).finally(() => this.#tidy(unfinished));
  }

  /** Gives the snapshot up, unless it is about to get its name. */
  cancel(): void {
    this.#cancelled = true;
    this.#wake();
  }

  async #write(unfinished: string, name: string, generation: number, base: number): Promise<number | null> {
    const file = this.#files.create(unfinished);
    try {
      file.write(encodeFileHeader({ kind: "snapshot", generation, base, secret: this.#secret }), 0);
      this.#length = FILE_HEADER_SIZE;
      beginRecord(this.#bytes);
      while (!this.#cancelled && this.#writeSlice(file)) await this.#pause();
      if (!this.#cancelled) await file.syncLater();
    } finally {
      file.close();
    }
    if (this.#cancelled) return null;
    this.#files.rename(unfinished, name);
    this.#files.syncDirectory();
    return this.#length;
  }

  /** Writes one slice. Returns false if nothing is left. */
  #writeSlice(file: OpenFile): boolean {
    const start = this.#clock.now();
    const size = this.#length;
    for (let i = 1;; i++) {
      const next = this.#changes.next();
      if (next.done) {
        if (this.#bytes.length > RECORD_HEADER_SIZE) this.#writeRecord(file);
        this.#writeRecord(file);
        return false;
      }
      encodeChange(this.#bytes, next.value);
      if (this.#bytes.length >= RECORD_SIZE) this.#writeRecord(file);
      if (this.#length - size >= SLICE_SIZE) return true;
      if (i % LOOK_AFTER === 0 && this.#clock.now() - start >= SLICE_MS) return true;
    }
  }

  #writeRecord(file: OpenFile): void {
    endRecord(this.#bytes, 0, ++this.#sequence, 0, this.#secret);
    file.write(this.#bytes.taken, this.#length);
    this.#length += this.#bytes.length;
    this.#bytes.clear();
    beginRecord(this.#bytes);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(PAUSE_MS, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #tidy(unfinished: string): void {
    this.#changes.return?.();
    try {
      if (this.#files.list().includes(unfinished)) this.#files.remove(unfinished);
    } catch { /* The next start removes the file. */ }
  }
}
